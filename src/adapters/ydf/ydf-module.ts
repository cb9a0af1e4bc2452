/** Overrides that Emscripten reads from the object given to a module's factory. */
export interface ModuleOptions {
  readonly print?: (line: string) => void;
  readonly printErr?: (line: string) => void;
}

export type ModuleFactory<M> = (options: ModuleOptions) => Promise<M>;

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/**
 * Makes an instance of a YDF module, with memory of its own. Each adds listeners to the process that turn a rejected
 * promise anywhere in it into a crash: these are taken off again.
 */
export function instantiate<M>(factory: ModuleFactory<M>, options: ModuleOptions): Promise<M> {
  const before = EVENTS.map((event) => new Set(process.rawListeners(event)));
  const module = factory(options);
  EVENTS.forEach((event, i) => {
    for (const listener of process.rawListeners(event))
      if (!before[i].has(listener)) process.off(event, listener as () => void);
  });
  return module;
}
