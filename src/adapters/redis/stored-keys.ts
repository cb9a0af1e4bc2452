import type { Redis } from "ioredis";
import { BuiltCommand, CommandBytes } from "./command-bytes.ts";
import type { KeySpace } from "./key-space.ts";
import type { RedisClient } from "./redis-client.ts";
import { codedError } from "./redis-error.ts";

/** Keys that Redis looks at in one step of a scan, between which it serves others. */
const STEP = 1_000;
/** How long one step may take, in milliseconds. */
const STEP_MS = 10_000;

/**
 * The keys that begin with a prefix, in no order, a portion at a time. Redis goes through all of its keys for it. What
 * is there all the time is found, perhaps twice; what comes or goes meanwhile, perhaps.
 */
export async function* storedKeys(
  client: RedisClient,
  space: KeySpace,
  prefix: Uint8Array,
): AsyncGenerator<Uint8Array[]> {
  for (const redis of client.masters())
    for await (const found of steps(client, redis, space.pattern(prefix)))
      yield found.flatMap((stored) => {
        const parsed = space.parse(stored);
        return parsed !== null && startsWith(parsed.key, prefix) ? [parsed.key] : [];
      });
}

/** Removes all that is the store's, however it was spread, but for the journal. */
export async function removeAll(client: RedisClient, space: KeySpace): Promise<void> {
  for (const redis of client.masters())
    for await (const found of steps(client, redis, space.everything)) {
      if (found.length === 0) continue;
      const removal = redis.pipeline();
      for (const stored of found) removal.unlink(stored);
      const answers = await removal.exec().catch((cause: unknown) => {
        throw codedError(cause, "empty", client.address);
      });
      for (const [error] of answers ?? []) if (error !== null) throw codedError(error, "empty", client.address);
    }
}

async function* steps(client: RedisClient, redis: Redis, pattern: Buffer): AsyncGenerator<Buffer[]> {
  let cursor = "0";
  do {
    const words = new CommandBytes(6, 64 + pattern.length);
    words.text("SCAN").text(cursor).text("MATCH").bytes(pattern).text("COUNT").text(String(STEP));
    const command = new BuiltCommand("scan", words.finish(), 0);
    command.setTimeout(STEP_MS);
    let answer: readonly [Buffer, Buffer[]];
    try {
      answer = (await redis.sendCommand(command)) as typeof answer;
    } catch (cause) {
      throw codedError(cause, "look through", client.address);
    }
    cursor = answer[0].toString("latin1");
    yield answer[1];
  } while (cursor !== "0");
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && prefix.every((byte, i) => key[i] === byte);
}
