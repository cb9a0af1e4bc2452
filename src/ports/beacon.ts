import type { Timestamp } from "../core/time/timestamp.ts";
import type { LogPosition } from "./event-log.ts";

/** That everything below `position` is folded, and nothing else can become visible before `t`. */
export interface Sign {
  readonly position: LogPosition;
  readonly t: Timestamp;
}

/**
 * How the writer tells other processes that time goes on while nothing arrives, without a commit. A sign is whole or
 * not there; it may be lost at any time, which only makes others answer as of an earlier moment.
 */
export interface Beacon {
  show(sign: Sign): void;
  /** The last sign shown by the writer; null without one. */
  look(): Sign | null;
  close(): Promise<void>;
}
