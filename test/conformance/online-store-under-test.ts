import type { OnlineStore } from "../../src/ports/online-store.ts";

/** An online store, and where it keeps what it stores. A place is what `open` opens: a folder, an address. */
export interface OnlineStoreUnderTest {
  readonly name: string;
  /** Makes a place for a store that does not exist yet. */
  makePlace(): Promise<string>;
  /** Removes a place and all in it. */
  removePlace(place: string): Promise<void>;
  open(place: string): Promise<OnlineStore>;
  /** The module that exports this as `subject`, for tests with processes of their own. */
  readonly module: string;
  /** Several processes may have one place open; or why they may not. */
  readonly multiProcess: true | { readonly skip: string };
  /** A resolved commit survives its process; or why it does not. */
  readonly survivesKill: true | { readonly skip: string };
  /** Several processes that have one place open may all commit; or why only one of them may. */
  readonly writersTakeTurns: true | { readonly skip: string };
  /** A scan sees one state from its beginning to its end; or why it may not. */
  readonly scansSnapshot: true | { readonly skip: string };
}
