import type { Stream } from "../../core/definition/stream.ts";
import type { PostedError } from "../../core/posted-error.ts";
import type { ArchivedLog, ArchiveRange } from "./archive-log.ts";

// What a thread that archives and the one that started it say to one another.

/** Where the store is, for a thread that opens what it needs of it for itself. */
export interface StorePlace {
  readonly home: string;
  readonly temporaryFolder: string;
  /** What the engine may hold in memory, such as "1GB". */
  readonly memoryLimit: string;
}

export type ToArchiveThread =
  | ({
      readonly kind: "archive";
      readonly store: StorePlace;
      /** The text of the log's schemas. */
      readonly schemas: string;
      /** Where the withdrawals of sources are kept. */
      readonly withdrawals: Readonly<Record<string, Stream>>;
      /** Whether it rests for the sake of others. */
      readonly rests: boolean;
    } & ArchiveRange)
  /** Somebody waits for it now. */
  | { readonly kind: "hurry" };

export type FromArchiveThread =
  | { readonly kind: "archived"; readonly outcome: ArchivedLog }
  | { readonly kind: "failed"; readonly error: PostedError };
