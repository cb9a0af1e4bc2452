import { supervise } from "../../src/surfaces/workers/supervisor.ts";

export interface Started {
  readonly url: string;
  readonly writer: number;
  readonly workers: readonly number[];
  /** Resolves once all of them have ended, after the signal. */
  readonly running: Promise<void>;
}

/** One process that writes and two that answer, on a spare port; resolves once they answer. */
export function startWorkers(parts: {
  /** The file of the configuration, which each process loads. */
  readonly configuration: string;
  readonly home: string;
  readonly signal: AbortSignal;
  readonly note?: (text: string) => void;
}): Promise<Started> {
  const { note = () => {}, ...rest } = parts;
  return new Promise((resolve, reject) => {
    const running: Promise<void> = supervise({
      ...rest,
      workers: 2,
      host: "127.0.0.1",
      port: 0,
      version: "test",
      onReady: (started) => resolve({ ...started, running }),
      note,
    });
    running.catch(reject);
  });
}
