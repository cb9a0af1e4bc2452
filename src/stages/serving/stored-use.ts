import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { ByteReader } from "../../core/codec/bytes.ts";
import type { AggregateUse, BatchUse } from "../../core/plan/service-plan.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { KeptRow } from "./kept-rows.ts";

/** One reading of the store: the keys that are asked for, and the moment, which is known before their first value. */
export interface StoreReading {
  readonly keys: Uint8Array[];
  /** By key, who takes its value. */
  readonly takers: (RowReading | null)[];
  t: Timestamp;
  /** Whether rows that were kept may be taken, and kept. */
  readonly keeps: boolean;
  /** The moments for which all that was taken of kept rows is right: [from, until). */
  from: Timestamp;
  until: Timestamp;
}

/** What one view has for one row. */
export interface RowReading {
  /** Takes the value of a key that it asked for, which is lent for the call. @throws ASOF_CORRUPT, ASOF_FORMAT */
  take(key: number, value: ByteReader): void;
  /** The features that are used, in their order. */
  readonly values: readonly FeatureValue[];
  readonly status: ViewStatus;
  readonly eventTime: Timestamp | null;
  /** The same as long as it is kept, where it is. */
  readonly kept: KeptRow | null;
}

/** One use of a view that is kept online, compiled. */
export interface StoredUse {
  readonly use: AggregateUse | BatchUse;
  /** Asks for what `row` needs, with blocks for about the moment `guess`. Its values are there once all was taken. */
  ask(row: Row, state: number, guess: Timestamp, reading: StoreReading): RowReading;
  /** Whether what was asked for at `guess` is all that t needs. */
  covers(guess: Timestamp, t: Timestamp): boolean;
  /** Lets go of what was kept: the store may hold something else. */
  forget(): void;
  /** How many rows are kept. */
  readonly kept: number;
}
