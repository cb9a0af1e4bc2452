/** A thread beside ours. What is posted arrives there in order, and what it posts arrives here in order. */
export interface SideThread {
  /** Posts what a structured clone can carry; memory that is handed over is no longer ours. */
  post(message: unknown, handOver?: readonly ArrayBuffer[]): void;

  /** Whether the process stays alive for it, as somebody waits for what it does. At first it does not. */
  keepAlive(isWaitedFor: boolean): void;

  /** Ends it, whatever it does. */
  close(): Promise<void>;
}

/** Starts one. `ended` is called at the most once: where it ended of itself, and nothing that it began goes on. */
export type StartSideThread = (heard: (message: unknown) => void, ended: (cause?: unknown) => void) => SideThread;
