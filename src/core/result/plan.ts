export type ChangeKind = "created" | "changed" | "removed" | "unchanged";

/** What applying would do to one definition. */
export interface PlannedChange {
  readonly change: ChangeKind;
  readonly kind: string;
  readonly name: string;
  readonly fingerprint: string;
  /** What differs, as paths into the definition, such as `features.delay_1h.window.length`. */
  readonly differences: readonly string[];
  /** What becomes of the records that a source holds, where its fields change. */
  readonly notes: readonly string[];
  /** Why applying would refuse it; null where it would not. */
  readonly refused: string | null;
  /** What has to be done afterwards, in words and as commands. */
  readonly cost: readonly { readonly action: string; readonly command: string | null; readonly rows: number | null }[];
}

export interface Plan {
  /** The revision the plan was made against; `apply` refuses another. */
  readonly revision: number;
  readonly changes: readonly PlannedChange[];
  readonly warnings: readonly string[];
  /** True where there is nothing to apply. */
  readonly empty: boolean;
}
