import type { RegistryStore } from "../../src/ports/registry-store.ts";

/** A registry store, and where it keeps what it stores. A place is what `open` opens: a file, an address. */
export interface RegistryStoreUnderTest {
  readonly name: string;
  /** Makes a place for a registry that does not exist yet. */
  makePlace(): Promise<string>;
  /** Removes a place and all in it. */
  removePlace(place: string): Promise<void>;
  open(place: string): Promise<RegistryStore>;
  /** The module that exports this as `subject`, for tests with processes of their own. */
  readonly module: string;
}
