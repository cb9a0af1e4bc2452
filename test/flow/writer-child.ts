// A process that serves a store over HTTP, which makes it the one that writes. It does what it is told, line by line,
// on standard input, and says when it is done.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { AsofError, open } from "../../src/index.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import * as clicks from "./clicks.ts";

const [home] = process.argv.slice(2);
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

try {
  const store = await open({ definitions: clicks, home }, { whenLocked: "refuse" });
  await store.apply();
  const server = await serve(store, { port: 0 });
  say({ url: server.url, pid: process.pid });
  let n = 0;
  const batch = (size: number): object[] =>
    Array.from({ length: size }, () => clicks.clickOf(n++, Date.now() * 1000 - (n % 3) * 20_000_000));
  for await (const line of createInterface(process.stdin)) {
    const [verb, argument] = line.split(" ");
    if (verb === "ingest") say(await store.ingest("clicks", batch(Number(argument)) as never[]));
    else if (verb === "settle") {
      await store.settled();
      const { watermark } = await store.status();
      say({ watermark });
    } else if (verb === "materialize") say(await store.materialize());
    else if (verb === "compute") say(await store.compute());
    else if (verb === "stream") {
      // For so many milliseconds.
      const until = performance.now() + Number(argument);
      let batches = 0;
      for (; performance.now() < until; batches++) await store.ingest("clicks", batch(1 + (n % 20)) as never[]);
      say({ batches });
    } else break;
  }
  await server.close();
  await store.close();
} catch (error) {
  if (!(error instanceof AsofError)) throw error;
  say({ error: error.toJSON() });
  process.exitCode = 1;
}
process.exit();
