import type { Progress, WorkOptions } from "../../core/result/progress.ts";
import { work } from "../../core/result/progress.ts";
import type { RunLine } from "../../core/result/status.ts";

/** Lines that are kept of a run. */
const LINES = 100;

/** How far a run under way has come, and what it has said. */
export class RunProgress {
  private readonly elapsed: () => number;
  private readonly lines: RunLine[] = [];
  /** Null until it says something. */
  last: Progress | null = null;

  /** @param elapsed seconds since the run began */
  constructor(elapsed: () => number) {
    this.elapsed = elapsed;
  }

  get log(): readonly RunLine[] {
    return this.lines;
  }

  /** The options of work, such that what it tells of its progress is heard here too. */
  heard({ onProgress, ...rest }: WorkOptions): WorkOptions {
    return work({
      ...rest,
      onProgress: (progress) => {
        if (progress.phase !== this.last?.phase) {
          this.lines.push({ seconds: this.elapsed(), text: progress.phase });
          if (this.lines.length > LINES) this.lines.shift();
        }
        this.last = progress;
        onProgress?.(progress);
      },
    });
  }
}
