import type { Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { WorkOptions } from "./progress.ts";

export interface ForgetOptions extends WorkOptions {
  /** Counts what would be erased, and erases nothing. */
  readonly dryRun?: boolean;
}

/** The keys of an entity, each by its name. */
export type EntityKeys = Readonly<Record<string, Value>>;

/** What erasing a key came to, and the proof that nothing of it is left. */
export interface ForgetOutcome {
  readonly entity: string;
  /** False where nothing carried the key, or nothing was to be erased. */
  readonly erased: boolean;
  /** What stands for the key in the store's list of forgotten keys; null where nothing was erased. */
  readonly hash: string | null;
  /** Records erased, or to be erased, by stream: sources, batch views and what models served. */
  readonly records: Readonly<Record<string, number>>;
  /** Rows erased from files of rejected rows. */
  readonly rejected: number;
  /** Parquet and rejects files that were written anew without the key's rows, or removed. */
  readonly files: number;
  /** Online views that were built anew, because records they had counted are gone. */
  readonly rebuilt: readonly string[];
  /** Batch views that were computed anew. */
  readonly recomputed: readonly string[];
  /** Answers given before this moment by services that use rebuilt views cannot be audited any more. */
  readonly until: Timestamp | null;
  /** Training sets and models made before, of what is erased: they cannot be undone. */
  readonly madeBefore: readonly {
    readonly run: number;
    readonly kind: "dataset" | "train";
    readonly target: string;
    readonly at: Timestamp;
  }[];
  /** What a search of the whole store found afterwards; null where nothing was erased. */
  readonly proof: ForgetProof | null;
  readonly warnings: readonly string[];
  readonly seconds: number;
}

export interface ForgetProof {
  /** Records and rejected rows of the key that are left in the offline store, and states that are online. */
  readonly records: number;
  readonly online: number;
  /** Bytes of all files that were searched for the key's strings; 0 where they are too short to tell. */
  readonly bytes: number;
  /** Files that hold these strings still. */
  readonly files: readonly string[];
  /** Columns that hold such a string still, though they carry no key of the entity by any definition. */
  readonly elsewhere: readonly { readonly stream: string; readonly column: string; readonly rows: number }[];
}
