import { AsofError } from "../../core/errors.ts";
import { formatDuration } from "../../core/time/duration.ts";
import { MILLISECOND } from "../../core/time/timestamp.ts";

/** The longest time that a timer takes. */
const LONGEST = 2 ** 31 - 1;

/** Bounds how long one answer may take. Null milliseconds bound nothing. */
export class AnswerDeadline {
  private readonly milliseconds: number | null;
  private controller: AbortController | null = null;

  constructor(milliseconds: number | null) {
    this.milliseconds = milliseconds === null ? null : Math.min(milliseconds, LONGEST);
  }

  /** Aborted once the answer would come too late. Most answers never ask for it. */
  readonly signal = (): AbortSignal => (this.controller ??= new AbortController()).signal;

  /**
   * Settles as the answer does, where that comes in time. What comes later is handed to `late`; nobody hears of what
   * fails later. @throws ASOF_DEADLINE
   */
  async bound<T>(answer: Promise<T>, late: (answer: T) => void = () => {}): Promise<T> {
    const { milliseconds } = this;
    if (milliseconds === null) return answer;
    const over = Promise.withResolvers<never>();
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      const limit = formatDuration(milliseconds * MILLISECOND);
      const error = new AsofError("ASOF_DEADLINE", `there was no answer within ${limit}`, { limit });
      this.controller?.abort(error);
      over.reject(error);
    }, milliseconds);
    try {
      return await Promise.race([answer, over.promise]);
    } finally {
      clearTimeout(timer);
      if (isOver) answer.then(late).catch(() => {});
    }
  }
}
