import { AsofError } from "../../core/errors.ts";
import type { KeySpace } from "./key-space.ts";
import { decodeMarker, type Marker } from "./marker.ts";
import type { RedisClient } from "./redis-client.ts";
import { lost, unavailable } from "./redis-error.ts";
import type { RedisWriter } from "./redis-writer.ts";

interface CheckParts {
  readonly space: KeySpace;
  readonly owner: string;
  readonly writing: { readonly writer: RedisWriter } | null;
}

/** Numbers of commits that partitions are known to have reached, as of a moment. */
export type Reached = readonly number[];

/**
 * Decides whether markers that were read with values prove these whole: of one state of the store, on servers from
 * which nothing is missing. Where not, in the writer's process the writer finds out what is the matter.
 */
export class MarkerCheck {
  readonly #parts: CheckParts;
  readonly #seen: { bytes: Buffer; marker: Marker }[] = [];
  #reached: Reached = [];

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** What was known before a read was sent. */
  get reached(): Reached {
    return this.#reached;
  }

  /**
   * Of the first partition. Undefined where it is sound; otherwise what to wait for before reading again.
   * @throws ASOF_ONLINE_LOST, ASOF_ONLINE_TAKEN, ASOF_FORMAT, ASOF_CORRUPT
   */
  first(client: RedisClient, bytes: Buffer | null, acknowledged: number): Promise<void> | undefined {
    const { owner, space, writing } = this.#parts;
    if (bytes === null) return this.#ask(client, "holds no online store");
    const marker = this.#decoded(0, bytes, client);
    if (marker.owner !== owner)
      throw new AsofError("ASOF_ONLINE_TAKEN", `Redis at ${client.address} holds the online store of another home`, {
        part: "online",
      });
    if ((marker.last?.length ?? 1) !== space.partitions)
      return this.#ask(client, "holds an online store that is spread otherwise");
    if (writing !== null && marker.commit < acknowledged) return writing.writer.verify();
    return this.#sameServer(client, 0, marker);
  }

  /** Of another partition, once the first is found sound. @throws ASOF_ONLINE_LOST, ASOF_FORMAT, ASOF_CORRUPT */
  other(client: RedisClient, partition: number, bytes: Buffer | null, before: Reached): Promise<void> | undefined {
    if (bytes === null) return this.#ask(client, `holds nothing in partition ${partition}`);
    const expected = this.#seen[0].marker.last!;
    const { commit } = this.#decoded(partition, bytes, client);
    if (commit < (before[partition] ?? 0))
      return this.#ask(client, `has lost what was written into partition ${partition}`);
    // A commit is under way, or came between the two that were read.
    if (commit !== expected[partition]) {
      this.#reached = expected;
      return Promise.resolve();
    }
    return this.#sameServer(client, partition, this.#seen[partition].marker);
  }

  #decoded(partition: number, bytes: Buffer, { address }: RedisClient): Marker {
    const seen = this.#seen[partition];
    if (seen?.bytes.equals(bytes)) return seen.marker;
    const marker = decodeMarker(bytes, `Redis at ${address}`);
    // A copy: the bytes are part of a whole answer, which would be kept.
    this.#seen[partition] = { bytes: Buffer.from(bytes), marker };
    return marker;
  }

  /** The server is the one that the writer has seen, and has not lost anything since. */
  #sameServer(client: RedisClient, partition: number, { replication }: Marker): Promise<void> | undefined {
    return client.knownReplication(partition) === replication
      ? undefined
      : this.#compareServer(client, partition, replication);
  }

  async #compareServer(client: RedisClient, partition: number, replication: string): Promise<void> {
    const known = client.knownReplication(partition);
    if (known === null && (await client.replication(partition)) === replication) return;
    if (known !== null) await client.infos();
    if (client.knownReplication(partition) === replication) return;
    if (this.#parts.writing !== null) return this.#parts.writing.writer.verify();
    throw unavailable(
      `Redis at ${client.address} has started again, or another server took its place, and the writer of the store has not made sure yet that nothing is missing`,
    );
  }

  #ask(client: RedisClient, found: string): Promise<void> {
    if (this.#parts.writing !== null) return this.#parts.writing.writer.verify();
    throw lost(client.address, found);
  }
}
