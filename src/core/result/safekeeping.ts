/** A backup that was taken. */
export interface BackupOutcome {
  readonly folder: string;
  /** The log's records: everything acknowledged before the backup began lies below `end`. */
  readonly log: { readonly start: number; readonly end: number };
  /** Up to where the online store had folded the log; a restore folds the rest. */
  readonly online: number;
  readonly revision: number;
  readonly files: number;
  readonly bytes: number;
  /** How often it began: once more wherever what it was copying was erased or merged meanwhile. */
  readonly attempts: number;
  readonly seconds: number;
}

/** A store that was restored. */
export interface RestoreOutcome {
  readonly home: string;
  /** When the backup was taken. */
  readonly takenAt: number;
  readonly log: { readonly start: number; readonly end: number };
  readonly revision: number;
  readonly files: number;
  readonly bytes: number;
  /** Records that were folded from the log into the online store. */
  readonly folded: number;
  /** Keys that had been forgotten since, and were forgotten again. */
  readonly forgotten: number;
  /** API keys that are live again, and how many that were live in the backup have been revoked. */
  readonly keys: { readonly live: readonly { readonly id: string; readonly name: string }[]; readonly revoked: number };
  readonly seconds: number;
}
