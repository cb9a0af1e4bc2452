/** How far long work has come. `total` is null while it is not known. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: "rows" | "bytes" | "keys" | "files" | "steps";
}

/** What every long piece of work accepts. */
export interface WorkOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** The options of work that are there, and no others. */
export function work({ signal, onProgress }: WorkOptions): WorkOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}
