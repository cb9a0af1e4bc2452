import { assert } from "../../core/assert.ts";
import type { Put } from "../../ports/online-store.ts";
import { assertKey } from "./key-range.ts";
import type { LmdbDatabase } from "./lmdb-database.ts";
import type { OpenGuard } from "./open-guard.ts";

/**
 * One transaction at a time; commits that wait meanwhile share the next. So nothing that was called after a commit
 * that failed, and before its rejection, takes effect without it.
 */
export class CommitQueue {
  readonly #database: () => LmdbDatabase;
  readonly #guard: OpenGuard;
  readonly #coded: (cause: unknown) => Error;
  readonly #stored: (key: Uint8Array, value: Uint8Array) => Uint8Array;
  #waiting: { readonly changes: readonly Put[]; readonly settle: PromiseWithResolvers<void> }[] = [];
  #writing = false;

  /** @param stored gives a value as it is stored */
  constructor(
    database: () => LmdbDatabase,
    guard: OpenGuard,
    coded: (cause: unknown) => Error,
    stored: (key: Uint8Array, value: Uint8Array) => Uint8Array,
  ) {
    this.#stored = stored;
    this.#database = database;
    this.#guard = guard;
    this.#coded = coded;
  }

  async add(changes: readonly Put[]): Promise<void> {
    for (const [key, value] of changes) {
      assertKey(key);
      assert(value === null || value instanceof Uint8Array, "a value is bytes or null");
    }
    const settle = Promise.withResolvers<void>();
    this.#waiting.push({ changes, settle });
    if (!this.#writing) void this.#write();
    return settle.promise;
  }

  /** Resolves once every commit called before has settled. */
  async settled(): Promise<void> {
    await this.add([]).catch(() => {
      // A commit before it failed, as its caller was told.
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#transaction(group.flatMap(({ changes }) => changes));
      } catch (cause) {
        const error = this.#coded(await reason(cause));
        for (const { settle } of group.concat(this.#waiting)) settle.reject(error);
        this.#waiting = [];
        continue;
      }
      for (const { settle } of group) settle.resolve();
    }
    this.#writing = false;
  }

  async #transaction(changes: readonly Put[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#guard.whileCommitting(() => {
      const database = this.#database();
      return database.batch(() => {
        for (const [key, value] of changes)
          void (value === null ? database.remove(key) : database.put(key, this.#stored(key, value)));
      });
    });
  }
}

/** The driver rejects with "see commitError", a promise that rejects with the system's error. */
async function reason(cause: unknown): Promise<unknown> {
  if (!(cause instanceof Error) || !("commitError" in cause)) return cause;
  try {
    return (await cause.commitError) ?? cause;
  } catch (system) {
    return system;
  }
}
