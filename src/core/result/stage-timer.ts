/** What the work on a live answer is made of: waiting for the store, decoding what it holds, aggregating, the model. */
export const stages = ["store", "decode", "compute", "model"] as const;
export type Stage = (typeof stages)[number];

/** For who asks where the time of one request goes. */
export interface StageTimer {
  /** A part of the work begins, which ends the one before; null where it is none of these. */
  begin(stage: Stage | null): void;
}
