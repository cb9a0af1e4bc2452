import type { ErrorCode } from "../../src/core/errors.ts";

/** Real bytes that cases are made of. */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How a target's bytes are written: what mutations know of them beyond that they are bytes. */
export type Syntax = "binary" | "json" | "ndjson";

/** Something that reads bytes which may be damaged, or hostile. */
export interface Target {
  readonly name: string;
  readonly syntax: Syntax;
  /** The codes that it may refuse bytes with. Any other error is a finding. */
  readonly refusals: readonly ErrorCode[];
  /** Cases of one batch: fewer where one case takes long. */
  readonly batch: number;
  /** Its share of a long run's cases. */
  readonly weight: number;
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  readonly samples: readonly Sample[];
  /**
   * Reads bytes that were made from a sample, and does with what it read what asof does with it; throws where a value
   * is not what the reader promises.
   */
  read(bytes: Uint8Array, sample: Sample): unknown;
  /** Makes checksums right again, so that what they guard is reached. */
  repair?(bytes: Uint8Array, sample: Sample): Uint8Array;
  close?(): Promise<void>;
}

/** The codes with which stored bytes are refused. */
export const STORED: readonly ErrorCode[] = ["ASOF_CORRUPT", "ASOF_FORMAT"];
