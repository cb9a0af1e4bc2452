import { type FileHandle, open as openFile } from "node:fs/promises";
import fastify, { type FastifyInstance } from "fastify";
import { open as openLmdb } from "lmdb";
import { userAt } from "./bodies.ts";
import { obey, usage } from "./process.ts";

// The parts beneath, bare: a file that is synced, an LMDB that is written to, a route that answers once all is synced.

/** Appends so many bytes in portions, with one fdatasync for what has gathered: the log's own grouping. */
async function append(input: { file: string; bytes: number; portion: number; group: number }): Promise<number> {
  const { file, bytes, portion, group } = input;
  const handle = await openFile(file, "w");
  const piece = Buffer.alloc(portion, "x");
  const started = performance.now();
  for (let at = 0; at < bytes;) {
    const pieces = Array.from({ length: Math.min(group, Math.ceil((bytes - at) / portion)) }, () => piece);
    await handle.writev(pieces, at);
    await handle.datasync();
    at += pieces.length * portion;
  }
  const milliseconds = performance.now() - started;
  await handle.close();
  return milliseconds;
}

/** Writes values of a size under keys that are far apart, in batches; all keys are there before. */
async function lmdb(input: {
  folder: string;
  keys: number;
  updates: number;
  size: number;
  batch: number;
}): Promise<number> {
  const { folder, keys, updates, size, batch } = input;
  const database = openLmdb<Uint8Array, Uint8Array>(folder, {
    keyEncoding: "binary",
    encoding: "binary",
    eventTurnBatching: false,
    separateFlushed: true,
  });
  const write = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += batch)
      await database.batch(() => {
        for (let i = done; i < Math.min(count, done + batch); i++) {
          const key = Buffer.alloc(10);
          key.writeUInt32BE(userAt(i, keys), 6);
          const value = new Uint8Array(size);
          value[0] = i;
          void database.put(key, value);
        }
      });
  };
  await write(keys);
  const started = performance.now();
  await write(updates);
  const milliseconds = performance.now() - started;
  await database.close();
  return milliseconds;
}

let app: FastifyInstance;
let handle: FileHandle;

/** A route that takes JSON, appends it to a file, and answers once a sync that it shares is done. */
async function route({ file }: { file: string }): Promise<number> {
  handle = await openFile(file, "w");
  let at = 0;
  let waiting: { readonly bytes: Buffer; readonly resolve: (position: number) => void }[] = [];
  let writing = false;
  const write = async (): Promise<void> => {
    writing = true;
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      const whole = Buffer.concat(group.map(({ bytes }) => bytes));
      await handle.write(whole, 0, whole.length, at);
      await handle.datasync();
      at += whole.length;
      for (const { resolve } of group) resolve(at);
    }
    writing = false;
  };
  app = fastify({ logger: false });
  app.route({
    method: "POST",
    url: "/events",
    handler: async ({ body }) => {
      const bytes = Buffer.from(JSON.stringify(body));
      const position = await new Promise<number>((resolve) => {
        waiting.push({ bytes, resolve });
        if (!writing) void write();
      });
      return { accepted: 1, position };
    },
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

obey({
  append,
  lmdb,
  route,
  usage,
  end: async () => {
    await app?.close();
    await handle?.close();
  },
});
