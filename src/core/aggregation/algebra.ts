import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import type { Value } from "../schema/data-type.ts";
import type { FeatureValue } from "./feature-type.ts";

/**
 * Where a record stands among those of its key: by event, then available, then the source's declared `order`
 * column (null without one), then the canonical bytes of its row. States keep it: its bytes must not change later.
 */
export interface OrderKey {
  readonly event: number;
  readonly available: number;
  readonly order: Value;
  readonly bytes: Uint8Array;
}

/** What one record contributes to an aggregation that is computed per key: neither is null. */
export interface Keyed {
  readonly key: Value;
  readonly value: Value;
}

/** What one record contributes to an aggregation: a value, or one under a key; null where it contributes nothing. */
export type Contributed = Value | Keyed;

/**
 * An aggregation as an algebra over states S of values V.
 *
 * **The law:** `finish`, `isEmpty`, `overflows` and `encode` depend only on the multiset of values (with their order
 * keys, where `ordered`) that is in a state, by whatever path of add, merge and remove it was reached.
 *
 * `add`, `remove` and `merge` may change the state they are given and return the state to go on with; the one given
 * must not be used again. Values are canonical and never null.
 */
export interface Algebra<S, V extends Contributed = Value> {
  /** Whether `add` and `remove` need the order key. */
  readonly ordered: boolean;
  empty(): S;
  add(state: S, value: V, order?: OrderKey): S;
  /** The inverse of `add`, of a value that is in the state; null where the aggregation is no group. */
  readonly remove: ((state: S, value: V, order?: OrderKey) => S) | null;
  /**
   * Where a state lets go of what `remove` would need: the same answers from a group whose states keep it, to be used
   * in passing and never stored.
   */
  readonly sliding?: Algebra<unknown, V>;
  /** Of an aggregation per key: the same as a group, given what is a group for what is under a key. */
  readonly removableBy?: (group: (each: Algebra<unknown>) => Algebra<unknown>) => Algebra<unknown, V>;
  /** Adds all of `from` to `into`; `from` stays valid and unchanged. */
  merge(into: S, from: S): S;
  /** The feature. The state stays valid. */
  finish(state: S): FeatureValue;
  /** Whether no value is in the state. */
  isEmpty(state: S): boolean;
  /** Whether the window holds more than the aggregation can answer: `finish` is then null, its status OVERFLOW. */
  readonly overflows: ((state: S) => boolean) | null;
  encode(state: S, out: ByteWriter): void;
  /** @throws AsofError ASOF_CORRUPT */
  decode(input: ByteReader): S;
  /** `merge(into, decode(input))` without the state between, where that is much less work. @throws AsofError ASOF_CORRUPT */
  readonly mergeEncoded?: (into: S, input: ByteReader) => S;
}
