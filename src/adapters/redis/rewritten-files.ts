import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { parseInfo } from "./node-info.ts";
import type { RedisClient } from "./redis-client.ts";
import { codedError } from "./redis-error.ts";

const LOOK_MS = 50;

/** Has every server that takes writes write those of its files anew that it keeps. */
export async function rewriteFiles(client: RedisClient): Promise<void> {
  try {
    await Promise.all(client.masters().map((redis) => rewriteFilesOf(redis, client.address)));
  } catch (cause) {
    throw codedError(cause, "rewrite the files of", client.address);
  }
}

async function rewriteFilesOf(redis: Redis, address: string): Promise<void> {
  const info = async (): Promise<ReturnType<typeof parseInfo>> => parseInfo(await redis.info(), address);
  const idle = async (): Promise<void> => {
    for (let now = await info(); now.rewriting || now.saving; now = await info()) await sleep(LOOK_MS);
  };
  // What another has begun meanwhile may have left behind what is to go: it is begun once more after it.
  const done = async (begin: () => Promise<unknown>): Promise<void> => {
    for (;;) {
      await idle();
      try {
        await begin();
        return await idle();
      } catch (error) {
        if (!(error instanceof Error && error.message.includes("in progress"))) throw error;
        await sleep(LOOK_MS);
      }
    }
  };
  if ((await info()).appendOnly) await done(() => redis.bgrewriteaof());
  // A server that saves no snapshots has none that holds what was there; one that does not tell may have.
  const save = await redis.config("GET", "save").then(
    (setting) => (setting as readonly string[])[1] !== "",
    () => true,
  );
  if (save) await done(() => redis.bgsave());
}
