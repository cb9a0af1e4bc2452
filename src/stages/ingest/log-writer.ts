import { assert } from "../../core/assert.ts";
import { AsofError } from "../../core/errors.ts";
import { rejected } from "../../core/rejected.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventLog, LogPosition } from "../../ports/event-log.ts";
import { SteadyClock } from "./steady-clock.ts";

/** Bytes that an entry may have. */
const LARGEST = 2 ** 30;

/** Bytes of entries that may wait for the disk. */
export const QUEUE_BYTES = 64 * 2 ** 20;

/** Keeps promised moments across a crash: see `LogWriter.present`. */
export interface Reserve {
  read(): Promise<Timestamp | null>;
  /** Resolves once the moment is durable. */
  write(until: Timestamp): Promise<void>;
}

/** An entry of a group that is appended together. */
export interface GroupEntry {
  readonly kind: number;
  readonly count: number;
  /** Made at once, with the stamp and the position of the first record. */
  readonly payload: (at: Appended) => Uint8Array;
}

export interface Appended {
  readonly position: LogPosition;
  readonly stamp: Timestamp;
}

/**
 * The one writer of the log. It stamps records with strictly increasing arrival times, `max(clock, last + 1 µs)`,
 * and says what the present is while nothing arrives.
 */
export class LogWriter {
  readonly log: EventLog;
  private readonly clock: Clock;
  private readonly steady: SteadyClock;
  private readonly reserve: Reserve;
  /** No later record gets a stamp up to this. */
  private last: Timestamp;
  private next: LogPosition;
  private reserved: Timestamp;
  /** The moment handed out last, until a stamp is given behind it. */
  private handedOut: Timestamp = -Infinity;
  private extending: Promise<void> | null = null;
  private underWay = 0;
  /** Bytes of what is under way. */
  private queued = 0;
  private readonly queueBytes: number;
  private idle: (() => void)[] = [];

  private constructor(log: EventLog, clock: Clock, reserve: Reserve, last: Timestamp, queueBytes: number) {
    this.log = log;
    this.queueBytes = queueBytes;
    this.clock = clock;
    this.steady = new SteadyClock(clock);
    this.reserve = reserve;
    this.last = last;
    this.next = log.end;
    this.reserved = last;
  }

  /** Continues behind every stamp of the log and every moment that was promised before. */
  static async open(
    log: EventLog,
    clock: Clock,
    reserve: Reserve,
    queueBytes: number = QUEUE_BYTES,
  ): Promise<LogWriter> {
    const promised = (await reserve.read()) ?? -Infinity;
    return new LogWriter(log, clock, reserve, Math.max(log.lastStamp, promised), queueBytes);
  }

  /**
   * Refuses what may be sent again while more waits for the disk than the queue takes: memory is bounded where records
   * come faster than they can be written. An empty queue takes whatever comes.
   * @throws ASOF_QUEUE_FULL
   */
  admit(): void {
    if (this.queued < this.queueBytes) return;
    throw new AsofError(
      "ASOF_QUEUE_FULL",
      `${this.queued} bytes wait for the disk; the queue takes ${this.queueBytes}`,
      {
        bytes: this.queued,
        limit: this.queueBytes,
      },
    );
  }

  /** Bytes that wait for the disk, and from how many on more are refused. */
  get queue(): { readonly queued: number; readonly queueLimit: number } {
    return { queued: this.queued, queueLimit: this.queueBytes };
  }

  /**
   * Appends `count` records of a stream. The payload is made at once, with the stamp of the first record, and the
   * order of calls is the order of the log. Resolves, once they are durable, to what `outcome` makes of where they came to be.
   * @throws ASOF_CLOCK_JUMP, ASOF_TOO_LARGE; what the log throws
   */
  append<T = Appended>(
    stream: string,
    kind: number,
    count: number,
    payload: (stamp: Timestamp) => Uint8Array,
    outcome: (at: Appended) => T = AS_IT_IS as (at: Appended) => T,
  ): Promise<T> {
    const position = this.next;
    let stamp: Timestamp;
    let bytes: Uint8Array;
    try {
      stamp = Math.max(this.steady.now(), this.last + 1);
      bytes = payload(stamp);
      mustFit(bytes);
    } catch (error) {
      return rejected(error);
    }
    this.last = stamp + count - 1;
    this.next = position + count;
    this.underWay++;
    this.queued += bytes.length;
    return this.log.append({ stream, kind, count, stamp, payload: bytes }).then(
      (at) => {
        assert(at === position, ONE_WRITER);
        this.done(bytes.length);
        return outcome({ position, stamp });
      },
      (error: unknown) => {
        this.done(bytes.length);
        throw error;
      },
    );
  }

  /**
   * Appends entries of a stream one behind the other. Where they come to be is known at once; `durable` settles when
   * all of them are on disk, or when the log refused. After a crash the first of them may be there without the rest.
   * @throws ASOF_CLOCK_JUMP, ASOF_TOO_LARGE, with nothing appended
   */
  appendGroup(
    stream: string,
    entries: readonly GroupEntry[],
  ): { readonly at: readonly Appended[]; readonly durable: Promise<void> } {
    let stamp = Math.max(this.steady.now(), this.last + 1);
    let position = this.next;
    const made = entries.map(({ kind, count, payload }) => {
      const at = { position, stamp };
      const entry = { stream, kind, count, stamp, payload: payload(at) };
      mustFit(entry.payload);
      position += count;
      stamp += count;
      return { at, entry };
    });
    this.last = stamp - 1;
    this.next = position;
    this.underWay++;
    const bytes = made.reduce((sum, { entry }) => sum + entry.payload.length, 0);
    this.queued += bytes;
    const durable = Promise.all(made.map(({ entry }) => this.log.append(entry)))
      .then((positions) => assert(positions.at(-1) === made.at(-1)?.at.position, ONE_WRITER))
      .finally(() => this.done(bytes));
    return { at: made.map(({ at }) => at), durable };
  }

  private done(bytes: number): void {
    this.queued -= bytes;
    if (--this.underWay === 0 && this.idle.length > 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  /** Where the log ends once what is under way is on disk: the next position, and the latest stamp. */
  get end(): Appended {
    return { position: this.next, stamp: this.last };
  }

  /**
   * The present: a moment above all stamps, below which no record can come any more, where everything stamped so far
   * lies below `folded`; null while records are under way or not folded. What is handed out is covered by the reserve
   * first, so that stamps stay above it even after a crash: once in a while that takes a write.
   */
  present(folded: LogPosition): Timestamp | null | Promise<Timestamp | null> {
    if (this.underWay > 0 || folded !== this.log.end) return null;
    const now = Math.max(this.steady.now(), this.last === this.handedOut ? this.last : this.last + 1);
    if (now > this.reserved) return this.extend(now).then(() => this.present(folded));
    if (now > this.reserved - this.clock.reserve / 2 && this.extending === null) this.extend(now).catch(() => {});
    this.handedOut = now;
    this.last = now;
    return now;
  }

  private extend(now: Timestamp): Promise<void> {
    const until = now + this.clock.reserve;
    return (this.extending ??= this.reserve
      .write(until)
      .then(() => void (this.reserved = until))
      .finally(() => (this.extending = null)));
  }

  /** A cut through the log: everything below the position is durable, and nothing more comes with a stamp below the moment. */
  async cut(): Promise<{ readonly position: LogPosition; readonly t: Timestamp }> {
    while (this.underWay > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
    const t = Math.max(this.steady.now(), this.last + 1);
    this.last = t;
    return { position: this.log.end, t };
  }

  /** Takes the clock's present time for right, where it has jumped. */
  confirmClock(): void {
    this.steady.confirm();
  }

  /** Gives the reserve back, so that the next start need not skip it. */
  async close(): Promise<void> {
    await this.extending;
    await this.reserve.write(this.last);
  }
}

const AS_IT_IS = (at: Appended): Appended => at;
const ONE_WRITER = "this is the log's one writer";

/** Refuses before anything rests on it: what the log refuses later, it refuses for good. @throws ASOF_TOO_LARGE */
function mustFit({ length }: Uint8Array): void {
  if (length <= LARGEST) return;
  throw new AsofError("ASOF_TOO_LARGE", `${length} bytes at once; the log takes up to ${LARGEST}`, {
    bytes: length,
    limit: LARGEST,
  });
}
