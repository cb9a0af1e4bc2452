import type { AccessKey } from "../core/access/access-key.ts";
import type { TrailEntry } from "../core/access/trail.ts";
import type { TrialRole } from "../core/result/serving-role.ts";
import type { Timestamp } from "../core/time/timestamp.ts";
import type { LogPosition } from "./event-log.ts";

/** One definition as it is stored: plain data under its kind and name. */
export interface StoredDefinition {
  readonly kind: string;
  readonly name: string;
  readonly fingerprint: string;
  /** The definition as canonical JSON. */
  readonly json: string;
}

export interface Revision {
  /** 0 before the first apply, then one more with each apply that changes something. */
  readonly revision: number;
  readonly appliedAt: Timestamp | null;
  readonly definitions: readonly StoredDefinition[];
}

export type RunKind =
  | "apply"
  | "load"
  | "compute"
  | "dataset"
  | "train"
  | "materialize"
  | "replay"
  | "archive"
  | "compact"
  | "retention"
  | "forget"
  | "verify"
  | "serve";

export interface Run {
  readonly id: number;
  readonly kind: RunKind;
  /** What it worked on: the name of a source, view, service or model. */
  readonly target: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp | null;
  /** Wall-clock seconds it took, measured by a monotonic clock; null while it runs. */
  readonly seconds: number | null;
  readonly state: "running" | "succeeded" | "failed" | "interrupted";
  readonly rows: number | null;
  readonly bytes: number | null;
  /** Where its result is: "offline store", "online store", "model registry". */
  readonly location: string;
  /** What else it has to tell, as JSON. */
  readonly details: string;
}

/** A Parquet file of the offline store. Its rows are of one stream. */
export interface OfflineFile {
  /** Relative to the offline store's folder, with `/`. */
  readonly path: string;
  readonly stream: string;
  /**
   * "load": rows of bulk loads or computations: of one, which entered at `position`, where `end` is `position + 1`;
   * else of several, each row carrying its load's in `__position`. "archive": records moved from the log, each carrying
   * its own position, within [position, end).
   */
  readonly kind: "load" | "archive";
  readonly position: LogPosition;
  readonly end: LogPosition;
  readonly rows: number;
  readonly bytes: number;
  readonly minEvent: Timestamp;
  readonly maxEvent: Timestamp;
  readonly minAvailable: Timestamp;
  readonly maxAvailable: Timestamp;
  /** CRC-32 of its bytes; earlier versions kept none. */
  readonly checksum?: number;
}

/** A change of the list of files, whole or not at all. */
export interface FileChange {
  readonly add: readonly OfflineFile[];
  readonly remove: readonly string[];
  /** Notes to set in the same step. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Records below this position are in Parquet now. Never steps back. */
  readonly archived?: LogPosition;
  /** Control entries below this position are reflected in the list. Never steps back. */
  readonly applied?: LogPosition;
}

export interface OfflineState {
  readonly archived: LogPosition;
  readonly applied: LogPosition;
}

export interface ModelVersion {
  readonly model: string;
  readonly version: number;
  readonly createdAt: Timestamp;
  readonly fingerprint: string;
  readonly runtime: string;
  /** SHA-256 of the model's bytes, hexadecimal; the bytes live in the model store under it. */
  readonly sha256: string;
  readonly bytes: number;
  /** Training set, metrics and the baseline, as JSON. */
  readonly details: string;
  readonly promotedAt: Timestamp | null;
}

/** The versions of a model that serve: one answers, one answers for a share of the keys, one predicts beside. */
export interface ServingVersions {
  readonly current: ModelVersion | null;
  readonly canary: { readonly version: ModelVersion; readonly share: number } | null;
  readonly shadow: ModelVersion | null;
}

/** A version to be tried out; `share` is null for a shadow. */
export interface Trial {
  readonly version: number;
  readonly share: number | null;
}

/**
 * What the store knows of itself: definitions, runs, files, models. Transactional; several processes at once.
 * Every method is atomic and durable when it resolves; a writer waits its turn up to 5 s, then ASOF_BUSY.
 */
export interface RegistryStore {
  revision(): Promise<Revision>;
  /**
   * Replaces the definitions if the present revision is `expected`; otherwise ASOF_APPLY_CONFLICT and nothing
   * changes. Applying the set that is there already (by fingerprints, in any order) changes nothing and returns the
   * present revision, whatever is expected: so an apply may be repeated. Definitions come back in the order given.
   */
  apply(expected: number, definitions: readonly StoredDefinition[], at: Timestamp): Promise<Revision>;
  /** Every definition that was ever applied. */
  everApplied(): Promise<readonly StoredDefinition[]>;
  /** The definition with this fingerprint, if it was ever applied. */
  byFingerprint(fingerprint: string): Promise<StoredDefinition | null>;

  /** Records that work began, and what process does it. */
  startRun(run: Pick<Run, "kind" | "target" | "startedAt" | "location">): Promise<number>;
  /** Once for each run, by any process. */
  finishRun(
    id: number,
    outcome: Pick<Run, "endedAt" | "seconds" | "state" | "rows" | "bytes" | "details">,
  ): Promise<void>;
  /** Newest first. A run whose process is gone reads as interrupted. */
  runs(filter?: { readonly kind?: RunKind; readonly target?: string; readonly limit?: number }): Promise<Run[]>;

  offlineState(): Promise<OfflineState>;
  /** Files of a stream (of all without one) that hold something below `cut`, by position, then path. */
  files(stream?: string, cut?: LogPosition): Promise<OfflineFile[]>;
  /** Removes first; what it removes must be there, and what it adds must not. */
  changeFiles(change: FileChange): Promise<void>;
  /** One consistent view of both. */
  offlineView(stream?: string): Promise<{ readonly state: OfflineState; readonly files: readonly OfflineFile[] }>;

  /** Adds the next version of a model; resolves to its number, from 1. */
  addModel(model: Omit<ModelVersion, "version" | "promotedAt">): Promise<number>;
  /** By model, then version. */
  models(model?: string): Promise<ModelVersion[]>;
  /** Makes a version the one that serves, and ends its own trial if it had one. @throws ASOF_UNKNOWN_MODEL_VERSION */
  promote(model: string, version: number, at: Timestamp): Promise<void>;
  /**
   * Tries a version out in a role, in place of the one that had it; ends the trial where it is null. A version has one
   * role: from another one on trial it moves.
   * @throws ASOF_UNKNOWN_MODEL_VERSION; ASOF_NO_MODEL where no version is promoted; ASOF_MODEL_ROLE where it is this one
   */
  tryOut(model: string, role: TrialRole, trial: Trial | null, at: Timestamp): Promise<void>;
  /** All versions that serve, of one moment. */
  serving(model: string): Promise<ServingVersions>;
  /** The version that serves: of all calls of `promote` the last, whatever its `at`. */
  promoted(model: string): Promise<ModelVersion | null>;

  /** Small named values, such as the reserve of stamps. */
  note(name: string): Promise<string | null>;
  setNote(name: string, value: string): Promise<void>;

  /** API keys, in the order in which they were made; those that were revoked stay. */
  keys(): Promise<AccessKey[]>;
  addKey(key: AccessKey): Promise<void>;
  /** The first revocation of a key stands. */
  revokeKey(id: string, at: Timestamp, by: string): Promise<void>;
  /** Notes uses by the ids of keys; of each the latest stands. */
  noteKeyUse(uses: ReadonlyMap<string, Timestamp>): Promise<void>;
  /** Grows with each key that is made or revoked; 0 before the first. */
  keyVersion(): Promise<number>;

  /** Adds to the audit trail what was done where the log could not be written. */
  addTrail(entry: TrailEntry): Promise<void>;
  /** Entries that ended at `since` or later, the newest first. */
  trail(since: Timestamp, limit: number): Promise<TrailEntry[]>;

  /** Overwrites these texts wherever the details of runs hold them; resolves to how many runs did. */
  redact(texts: readonly string[]): Promise<number>;
  /** Writes the file anew, so that no byte of what was removed or replaced is left in it or beside it. */
  rewrite(): Promise<void>;

  /** Idempotent. After it every method fails with ASOF_CLOSED. */
  close(): Promise<void>;
}
