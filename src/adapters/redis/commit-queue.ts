import { assert } from "../../core/assert.ts";
import type { Put } from "../../ports/online-store.ts";
import { assertKey } from "./key-space.ts";

/** Changes that commits which wait may have together to be sent as one. */
const TOGETHER = 50_000;

interface Waiting {
  readonly changes: readonly Put[];
  readonly settle: PromiseWithResolvers<void>;
}

/**
 * One commit at a time; those that wait meanwhile share the next. So nothing that was called after a commit that
 * failed, and before its rejection, takes effect without it.
 */
export class CommitQueue {
  readonly #write: (changes: readonly Put[]) => Promise<void>;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(write: (changes: readonly Put[]) => Promise<void>) {
    this.#write = write;
  }

  async add(changes: readonly Put[]): Promise<void> {
    for (const [key, value] of changes) {
      assertKey(key);
      assert(value === null || value instanceof Uint8Array, "a value is bytes or null");
    }
    const settle = Promise.withResolvers<void>();
    this.#waiting.push({ changes, settle });
    if (!this.#writing) void this.#drain();
    return settle.promise;
  }

  /** Resolves once every commit called before has settled. */
  async settled(): Promise<void> {
    await this.add([]).catch(() => {
      // A commit before it failed, as its caller was told.
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const group = this.#next();
      const changes = lastOfEach(group);
      try {
        if (changes.length > 0) await this.#write(changes);
      } catch (error) {
        for (const { settle } of group.concat(this.#waiting)) settle.reject(error);
        this.#waiting = [];
        continue;
      }
      for (const { settle } of group) settle.resolve();
    }
    this.#writing = false;
  }

  #next(): Waiting[] {
    let changes = 0;
    const end = this.#waiting.findIndex((one, i) => (changes += one.changes.length) > TOGETHER && i > 0);
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }
}

/** Of several changes of a key the last, in the order of the keys' first ones. */
function lastOfEach(group: readonly Waiting[]): Put[] {
  const last = new Map<string, Put>();
  for (const { changes } of group)
    for (const put of changes)
      last.set(Buffer.from(put[0].buffer, put[0].byteOffset, put[0].length).toString("latin1"), put);
  return [...last.values()];
}
