import type { AccessKey, KeyState } from "../access/access-key.ts";
import type { Grant, Reach, Scope } from "../access/grant.ts";
import type { TrailEntry } from "../access/trail.ts";
import type { Timestamp, TimestampInput } from "../time/timestamp.ts";

export interface CreateKeyOptions {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Nothing but these definitions. Default: everything. */
  readonly only?: Reach;
  /** Default: never. */
  readonly expires?: TimestampInput;
  /** Requests a second that it may make, in each process that serves. Default: the server's, else as many as come. */
  readonly rate?: number;
  /** Who makes it, for the audit trail. */
  readonly by: string;
}

/** A key as it is shown. */
export interface KeySummary extends Omit<AccessKey, "hash" | "grant"> {
  readonly scopes: readonly Scope[];
  readonly only: Grant["only"];
  readonly state: KeyState;
}

/** The one time that a key is seen. */
export interface CreatedKey extends KeySummary {
  readonly key: string;
}

/** API keys: who may do what over HTTP. */
export interface Keys {
  /** @throws ASOF_KEY where what is asked for makes no sense; ASOF_UNKNOWN_SOURCE and its like */
  create(options: CreateKeyOptions): Promise<CreatedKey>;
  /** Every key that there ever was, the newest first. */
  list(): Promise<KeySummary[]>;
  /** By its id, or by the name of the one live key that has it. @throws ASOF_UNKNOWN_KEY */
  revoke(key: string, by: string): Promise<KeySummary>;
  /**
   * Has servers that are started from now on ask nobody for credentials, as before the first key, until another is made.
   * @throws ASOF_KEY where a key is live
   */
  reset(by: string): Promise<void>;
}

/** What a server asks of the store's keys. */
export interface Credentials {
  /** Grows with each key that is made or revoked; 0 while there never was one. */
  version(): Promise<number>;
  /** Whether a key was made since there were none, or since they were reset. */
  asks(): Promise<boolean>;
  all(): Promise<readonly AccessKey[]>;
  /** Notes when keys were used last, by their ids. */
  used(uses: ReadonlyMap<string, Timestamp>): Promise<void>;
}

export interface TrailFilter {
  readonly since?: TimestampInput;
  readonly who?: string;
  /** Entries at the most, the newest. Default 100. */
  readonly limit?: number;
}

/** The audit trail. */
export interface Trail {
  /** Appends to the log; resolves once that is on disk. */
  append(entries: readonly TrailEntry[]): Promise<void>;
  /** Notes what the command did, which may not write to the log while a server does. */
  note(entry: TrailEntry): Promise<void>;
  /** The newest first, with the keys that were made and revoked. */
  read(filter?: TrailFilter): Promise<TrailEntry[]>;
}
