// What an administrator starts over HTTP and takes long: one of a kind at a time.
import { afterAll, beforeAll, expect, test } from "vitest";
import { AsofError } from "../../src/core/errors.ts";
import type { Store } from "../../src/store.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { openTestStore } from "./open-test-store.ts";
import { withMethods } from "./with-methods.ts";

let store: Store;
let server: RunningServer;
/** How the work that is under way ends. */
const end: Record<string, (error?: AsofError) => void> = {};
let calls: string[] = [];

function held(kind: string, outcome: unknown): () => Promise<unknown> {
  return () =>
    new Promise((resolve, reject) => {
      calls.push(kind);
      end[kind] = (error) => (error === undefined ? resolve(outcome) : reject(error));
    });
}

beforeAll(async () => {
  store = await openTestStore();
  const planted = withMethods(store, {
    compute: held("compute", []),
    materialize: held("materialize", []),
    train: held("train", {
      model: "fraud",
      version: 2,
      promoted: false,
      trainRows: 1,
      testRows: 1,
      metrics: {},
      baseline: null,
      bytes: 1,
      seconds: 1,
    }),
  });
  const verify = held("verify", {
    seed: 1,
    runs: 1,
    records: 1,
    compared: 1,
    different: 0,
    seconds: 1,
    notServed: [],
  }) as never;
  server = await serve(planted, { port: 0, verify });
});
afterAll(async () => {
  await server.close();
  await store.close();
});

interface Answered {
  readonly status: number;
  readonly retry: string | null;
  readonly text: string;
}
async function post(url: string, body: unknown = {}): Promise<Answered> {
  const answer = await fetch(server.url + url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, retry: answer.headers.get("retry-after"), text: await answer.text() };
}
const busy = { status: 503, retry: "1", text: expect.stringContaining("ASOF_BUSY") as string };

const started = async (kind: string): Promise<void> => {
  while (!calls.includes(kind)) await new Promise((resolve) => setTimeout(resolve, 5));
};

test.each([
  ["compute", "/v1/compute"],
  ["materialize", "/v1/materialize"],
  ["train", "/v1/train/fraud"],
  ["verify", "/v1/verify"],
])(
  "a second request to %s is refused at once, and taken when the first has ended, however that ended",
  async (kind, url) => {
    for (const error of [undefined, new AsofError("ASOF_CLOSED", "planted")]) {
      calls = [];
      const first = post(url);
      await started(kind);
      expect(await post(url)).toEqual(busy);
      // What is wrong with a request is told whether or not the server is busy.
      expect(await post(url, { unknown: 1 })).toMatchObject({ status: 400 });
      expect(calls).toEqual([kind]);
      end[kind](error);
      expect((await first).status).toBe(error === undefined ? 200 : 503);
    }
  },
);

test("kinds do not wait for one another", async () => {
  calls = [];
  const all = ["/v1/compute", "/v1/materialize", "/v1/train/fraud", "/v1/verify"].map((url) => post(url));
  for (const kind of ["compute", "materialize", "train", "verify"]) await started(kind);
  for (const kind of calls) end[kind]();
  expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test("Feast's materialization is one to compute and to materialize, and does neither where it may not do both", async () => {
  calls = [];
  const times = { start_ts: "2026-01-01T00:00:00", end_ts: "2026-02-01T00:00:00" };
  const first = post("/materialize", times);
  await started("compute");
  for (const url of ["/v1/compute", "/v1/materialize", "/materialize", "/materialize-incremental"])
    expect(await post(url, url.includes("v1") ? {} : times), url).toEqual(busy);
  end["compute"]();
  await started("materialize");
  end["materialize"]();
  expect(await first).toMatchObject({ status: 200 });
  calls = [];
  const other = post("/v1/materialize");
  await started("materialize");
  expect(await post("/materialize", times)).toEqual(busy);
  expect(calls).toEqual(["materialize"]);
  end["materialize"]();
  await other;
});
