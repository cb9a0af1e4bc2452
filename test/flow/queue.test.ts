import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open } from "../../src/index.ts";
import type { AsofError } from "../../src/core/errors.ts";
import type { Store } from "../../src/store.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import * as clicks from "./clicks.ts";

let folder: string;
let store: Store;
let server: RunningServer;
let sent = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "asof-queue-"));
  store = await open({ home: path.join(folder, "home"), definitions: { ...clicks }, queue: "1kB", audit: false });
  await store.apply();
  await store.compute();
  await store.materialize();
  server = await serve(store, { port: 0, logger: false });
});
afterAll(async () => {
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Fifty clicks of a user, just now. */
const some = (user: string): object[] =>
  Array.from({ length: 50 }, () => ({ ...clicks.clickOf(++sent, Date.now() * 1000 - 1_000_000), user }));

async function clicksOf(user: string): Promise<unknown> {
  await store.settled();
  const { values } = await store.features(clicks.profile, { user });
  return (values as Record<string, unknown>)["activity__clicks_lifetime"];
}

test("a queue that is full refuses at once; what it took is there, once, and then it takes more", async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, () => store.ingest("clicks", some("ann") as never)),
  );
  const taken = outcomes.filter(({ status }) => status === "fulfilled");
  const refused = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason as AsofError] : []));
  expect(taken.length).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused)
    expect(error).toMatchObject({ code: "ASOF_QUEUE_FULL", status: 429, details: { limit: 1000 } });
  expect(await clicksOf("ann")).toBe(50 * taken.length);
  expect(await store.ingest("clicks", some("ann") as never)).toMatchObject({ accepted: 50 });
  expect(await clicksOf("ann")).toBe(50 * (taken.length + 1));
});

test("over HTTP it is a 429 with Retry-After, and a client that sends again has each record counted once", async () => {
  let refused = 0;
  const send = async (n: number): Promise<void> => {
    const body = some("bob")
      .map((record) => `${JSON.stringify(record)}\n`)
      .join("");
    for (;;) {
      const answer = await fetch(`${server.url}/v1/events/clicks`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson", "idempotency-key": `request-${n}` },
        body,
      });
      const said = (await answer.json()) as { accepted: number; error?: { code: string } };
      if (answer.status === 200) return expect(said.accepted).toBe(50);
      expect(answer.status).toBe(429);
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(said.error?.code).toBe("ASOF_QUEUE_FULL");
      refused++;
      await sleep(5);
    }
  };
  await Promise.all(Array.from({ length: 40 }, (_, n) => send(n)));
  expect(refused).toBeGreaterThan(0);
  expect(await clicksOf("bob")).toBe(40 * 50);
});
