import { assert } from "../../core/assert.ts";
import { placeOf } from "../../core/codec/online-keys.ts";
import { hashSlot, SLOTS } from "./hash-slot.ts";

export const MAX_KEY = 511;

/**
 * Where keys are in Redis. They are spread over partitions, each under a hash tag of its own, so that a partition lies
 * whole in one slot, on one node: `<prefix>{<tag>}<key>`. All keys of an entity are in one partition. The key that
 * consists of prefix and tag alone is the partition's marker; the first partition has what the store says of itself.
 */
export class KeySpace {
  readonly partitions: number;
  /** What the keys of each partition begin with. */
  readonly heads: readonly Buffer[];
  /** The slot of each partition. */
  readonly slots: readonly number[];
  /** The changes of a commit that is on its way to several partitions. In the slot of the first. */
  readonly journal: Buffer;
  readonly #prefix: Buffer;
  readonly #byHead: ReadonlyMap<string, number>;

  constructor(prefix: string, partitions: number) {
    const tags = spreadTags(partitions);
    this.partitions = partitions;
    this.slots = tags.map(hashSlot);
    this.heads = tags.map((tag) => Buffer.from(`${prefix}{${tag}}`, "latin1"));
    this.journal = Buffer.from(`${prefix}journal{${tags[0]}}`, "latin1");
    this.#prefix = Buffer.from(prefix, "latin1");
    this.#byHead = new Map(this.heads.map((head, partition) => [head.toString("latin1"), partition]));
  }

  partitionOf(key: Uint8Array): number {
    assertKey(key);
    if (this.partitions === 1) return 0;
    const place = placeOf(key);
    return place === null ? 0 : fnv1a(place) % this.partitions;
  }

  stored(partition: number, key: Uint8Array): Buffer {
    return Buffer.concat([this.heads[partition], key]);
  }

  /** What is stored under a key of Redis: a key of the store, or nothing of it. The bytes are copied. */
  parse(stored: Buffer): { readonly partition: number; readonly key: Uint8Array } | null {
    const end = stored.indexOf(0x7d, this.#prefix.length) + 1;
    const partition = this.#byHead.get(stored.toString("latin1", 0, end));
    return partition === undefined || end === stored.length
      ? null
      : { partition, key: Uint8Array.from(stored.subarray(end)) };
  }

  /** What `SCAN` has to match to find the keys that begin with a prefix, and few others. */
  pattern(prefix: Uint8Array): Buffer {
    const tag = this.partitions === 1 ? escaped(this.heads[0].subarray(this.#prefix.length)) : Buffer.from("{*}");
    return Buffer.concat([escaped(this.#prefix), tag, escaped(prefix), Buffer.from("*")]);
  }

  /** What `SCAN` has to match to find all that is the store's, however it was spread, but for the journal. */
  get everything(): Buffer {
    return Buffer.concat([escaped(this.#prefix), Buffer.from("{*")]);
  }
}

export function assertKey({ length }: Uint8Array): void {
  if (length < 1 || length > MAX_KEY) assert(false, `a key has 1 to ${MAX_KEY} bytes, not ${length}`);
}

/** Tags whose slots are evenly spread, as nodes have ranges of slots. The same ones for ever: keys are stored under them. */
function spreadTags(partitions: number): string[] {
  const tags: string[] = Array.from({ length: partitions });
  for (let tried = 0, found = 0; found < partitions; tried++) {
    const tag = tried.toString(36);
    const range = Math.floor((hashSlot(tag) * partitions) / SLOTS);
    if (tags[range] !== undefined) continue;
    tags[range] = tag;
    found++;
  }
  return tags;
}

function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}

/** Bytes that match themselves in one of Redis's patterns. */
function escaped(bytes: Uint8Array): Buffer {
  const out: number[] = [];
  for (const byte of bytes) {
    if (SPECIAL.has(byte)) out.push(0x5c);
    out.push(byte);
  }
  return Buffer.from(out);
}

const SPECIAL: ReadonlySet<number> = new Set(Array.from("*?[]\\^-", (letter) => letter.charCodeAt(0)));
