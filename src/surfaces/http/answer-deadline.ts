import { AsofError } from "../../core/errors.ts";
import { formatDuration } from "../../core/time/duration.ts";
import { MILLISECOND } from "../../core/time/timestamp.ts";

/** The longest time that a timer takes. */
const LONGEST = 2 ** 31 - 1;

/**
 * Bounds how long answers may take, all of them alike. As they come due in the order in which they were begun, one timer is
 * enough for all. Null milliseconds bound nothing.
 */
export class AnswerDeadlines {
  readonly #milliseconds: number | null;
  /** Those that are waited for, in the order in which they come due. */
  readonly #waiting = new DeadlineList();
  #isTimed = false;

  constructor(milliseconds: number | null) {
    this.#milliseconds = milliseconds === null ? null : Math.min(milliseconds, LONGEST);
  }

  /** The deadline of one answer: its time runs from when it is waited for. */
  begin(): AnswerDeadline {
    return new AnswerDeadline(this.#milliseconds === null ? null : this);
  }

  /** Has one that is waited for told when its time is over. */
  add(deadline: AnswerDeadline): void {
    deadline.until = performance.now() + this.#milliseconds!;
    this.#waiting.add(deadline);
    if (!this.#isTimed) this.#time(this.#milliseconds!);
  }

  /** False where its time was over already. */
  delete(deadline: AnswerDeadline): boolean {
    return this.#waiting.delete(deadline);
  }

  // What answers wait for keeps the process; this need not.
  #time(milliseconds: number): void {
    this.#isTimed = true;
    setTimeout(() => this.#expire(), Math.ceil(milliseconds)).unref();
  }

  #expire(): void {
    this.#isTimed = false;
    const now = performance.now();
    for (let deadline = this.#waiting.first; deadline !== null; deadline = this.#waiting.first) {
      if (deadline.until > now) return this.#time(deadline.until - now);
      this.#waiting.delete(deadline);
      const limit = formatDuration(this.#milliseconds! * MILLISECOND);
      deadline.pass(new AsofError("ASOF_DEADLINE", `there was no answer within ${limit}`, { limit }));
    }
  }
}

/**
 * What is waited for, in the order in which it was added. What is deleted leads to nothing any more: what the collector
 * has promoted would else keep what came after it, whole requests, until the next full collection. (So do the tables
 * that a set leaves behind as it grows.)
 */
class DeadlineList {
  first: AnswerDeadline | null = null;
  #last: AnswerDeadline | null = null;

  add(deadline: AnswerDeadline): void {
    deadline.before = this.#last;
    if (this.#last === null) this.first = deadline;
    else this.#last.after = deadline;
    this.#last = deadline;
  }

  /** False where it is not there. */
  delete(deadline: AnswerDeadline): boolean {
    const { before, after } = deadline;
    if (before === null && this.first !== deadline) return false;
    if (before === null) this.first = after;
    else before.after = after;
    if (after === null) this.#last = before;
    else after.before = before;
    deadline.before = deadline.after = null;
    return true;
  }
}

/** Bounds how long one answer may take. */
export class AnswerDeadline {
  readonly #all: AnswerDeadlines | null;
  #controller: AbortController | null = null;
  #failed: ((error: unknown) => void) | null = null;
  /** When it comes due, by the monotonic clock, once it is waited for. */
  until = Infinity;
  /** Its neighbours among those that are waited for. */
  before: AnswerDeadline | null = null;
  after: AnswerDeadline | null = null;

  constructor(all: AnswerDeadlines | null) {
    this.#all = all;
  }

  /** Aborted once the answer would come too late. Most answers never ask for it. */
  readonly signal = (): AbortSignal => (this.#controller ??= new AbortController()).signal;

  /**
   * Calls `answered` or `failed` once, as the answer settles, where that is in time; else `failed` with ASOF_DEADLINE. What
   * comes later is handed to `late`; nobody hears of what fails later. For one answer at a time.
   */
  await<T>(
    answer: Promise<T>,
    answered: (answer: T) => void,
    failed: (error: unknown) => void,
    late: (answer: T) => void = ignore,
  ): void {
    const all = this.#all;
    this.#failed = failed;
    all?.add(this);
    answer.then(
      (found) => (all === null || all.delete(this) ? answered : late)(found),
      (error: unknown) => {
        if (all === null || all.delete(this)) failed(error);
      },
    );
  }

  /** `await` as a promise. */
  bound<T>(answer: Promise<T>, late?: (answer: T) => void): Promise<T> {
    return new Promise((resolve, reject) => this.await(answer, resolve, reject, late));
  }

  /** Its time is over. */
  pass(error: AsofError): void {
    this.#controller?.abort(error);
    this.#failed!(error);
  }
}

function ignore(): void {}
