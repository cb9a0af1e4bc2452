import type { OnlineStore } from "../../ports/online-store.ts";
import { KeySpace } from "./key-space.ts";
import { RedisClient } from "./redis-client.ts";
import { prefixOf, type RedisSettings, timeoutOf } from "./redis-settings.ts";
import { RedisStore } from "./redis-store.ts";
import { RedisWriter } from "./redis-writer.ts";

/** Partitions in a cluster: for many nodes enough to give each its share, and few enough for a read of many keys. */
const PARTITIONS = 64;
/** How long opening waits for a connection, in milliseconds. */
const CONNECT_MS = 5_000;

export interface RedisOptions {
  /** Whose store it is: what is there of another is neither read nor written. */
  readonly owner: string;
  /** Looks only: `commit`, `clear` and `rewrite` must not be called. Default false. */
  readonly readOnly?: boolean;
}

/**
 * Opens the online store in a Redis or a Valkey, or in a cluster of them. To write, it becomes the one writer; where
 * nothing is there, or not all of what was, it begins with an empty store.
 * @throws ASOF_ONLINE_UNAVAILABLE, ASOF_ONLINE_TAKEN, ASOF_CONFIG, ASOF_FORMAT, ASOF_CORRUPT
 */
export async function openRedis(settings: RedisSettings, options: RedisOptions): Promise<OnlineStore> {
  const { owner, readOnly = false } = options;
  const space = new KeySpace(prefixOf(settings), settings.url === undefined ? PARTITIONS : 1);
  const readers = Array.from({ length: settings.connections ?? 1 }, () => new RedisClient(settings, space));
  // Writes have a connection of their own: a read would wait behind a large commit.
  const client = readOnly ? null : new RedisClient(settings, space);
  const clients = client === null ? readers : [...readers, client];
  try {
    await Promise.all(clients.map((one) => one.ready(CONNECT_MS)));
    const writer = client === null ? null : new RedisWriter(client, space, owner);
    await writer?.open(CONNECT_MS);
    await Promise.all(readers.map((reader) => reader.infos()));
    const writing = client === null || writer === null ? null : { client, writer };
    return new RedisStore({ space, readers, writing, owner, timeout: timeoutOf(settings) });
  } catch (error) {
    for (const one of clients) one.close();
    throw error;
  }
}
