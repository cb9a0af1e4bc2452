/** What every read and commit of the online store takes longer, to show what waits for it. It may change at any time. */
export interface AddedLatency {
  milliseconds: number;
}
