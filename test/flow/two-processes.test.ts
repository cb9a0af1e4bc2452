import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import { open, type Store } from "../../src/index.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import * as clicks from "./clicks.ts";
import { filesIn } from "./offline-records.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-two-"));
const home = path.join(folder, "home");

interface Writer {
  readonly process: ChildProcess;
  /** The next thing it says. */
  readonly said: () => Promise<Record<string, unknown>>;
  readonly tell: (line: string) => Promise<Record<string, unknown>>;
}

const started: ChildProcess[] = [];

function start(): Writer {
  const script = fileURLToPath(new URL("./writer-child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, home], { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the process has ended");
    return JSON.parse(value) as Record<string, unknown>;
  };
  const tell = (line: string): Promise<Record<string, unknown>> => {
    child.stdin.write(`${line}\n`);
    return said();
  };
  return { process: child, said, tell };
}

let writer: Writer;
let url: string;
let reader: Store;

beforeAll(async () => {
  writer = start();
  ({ url } = (await writer.said()) as { url: string });
  await writer.tell("ingest 200");
  await writer.tell("compute");
  await writer.tell("materialize");
  reader = await open({ definitions: clicks, home });
});
afterAll(async () => {
  await reader.close();
  for (const child of started) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const requests = clicks.users.map((user) => ({ user }));
const plain = ({ values, statuses, eventTimes, t }: FeatureAnswer): object => ({ values, statuses, eventTimes, t });

describe("a process that reads while another writes", () => {
  test("sees what is committed there, at the watermark, as the offline store computes it", async () => {
    const { stamp } = (await writer.tell("ingest 10")) as { stamp: number };
    const { watermark } = (await writer.tell("settle")) as { watermark: number };
    expect(watermark).toBeGreaterThan(stamp + 9);
    const online = await reader.features(clicks.profile, requests);
    // The ten arrived in ten microseconds, and all of them are in the answer.
    expect(online[0].t).toBeGreaterThan(stamp + 9);
    expect(online[0].t).toBeLessThan(Date.now() * 1000 + 1000);
    const count = online.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0);
    expect(count).toBe(210);
    const offline = await reader.features("profile", requests, { at: online[0].t });
    expect(offline.map(plain)).toEqual(online.map(plain));
    const response = await fetch(`${url}/v1/features/profile`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ entities: requests, at: online[0].t }),
    });
    const body = (await response.json()) as { results: { values: object }[] };
    expect(body.results.map(({ values }) => values)).toEqual(online.map(({ values }) => values));
  });

  test("reads one moment after another while records stream in", async () => {
    const streaming = writer.tell("stream 3000");
    let [last, advanced] = [-Infinity, 0];
    for (let i = 0; i < 25; i++) {
      const online = await reader.features(clicks.profile, requests);
      const [{ t }] = online;
      expect(online.every((answer) => answer.t === t)).toBe(true);
      expect(t).toBeGreaterThanOrEqual(last);
      if (t > last) advanced++;
      last = t;
      const offline = await reader.features("profile", requests, { at: t });
      expect(offline.map(plain)).toEqual(online.map(plain));
    }
    expect((await streaming)["batches"]).toBeGreaterThan(20);
    expect(advanced).toBeGreaterThan(3);
  });

  test("moves on with time while nothing arrives, and stays true", async () => {
    await writer.tell("settle");
    const moments: number[] = [];
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      const online = await reader.features(clicks.profile, requests);
      const offline = await reader.features("profile", requests, { at: online[0].t });
      expect(offline.map(plain)).toEqual(online.map(plain));
      moments.push(online[0].t);
    }
    expect(moments.slice(1).filter((t, i) => t > moments[i])).toHaveLength(4);
  });

  test("refuses a moment ahead of the watermark", async () => {
    await expect(reader.features("profile", requests, { at: "2099-01-01" })).rejects.toMatchObject({
      code: "ASOF_FUTURE_READ",
    });
  });

  test("plans, tells its status and makes training sets", async () => {
    expect(await reader.plan()).toMatchObject({ empty: true });
    const { log } = (await (await fetch(`${url}/v1/status`)).json()) as { log: { end: number } };
    expect((await reader.status()).log.end).toBe(log.end);
    const spine = path.join(folder, "spine.csv");
    writeFileSync(spine, `user,t\nann,${new Date(Date.now() - 1000).toISOString()}\n`);
    const out = path.join(folder, "out.parquet");
    expect(await reader.dataset("profile", { spine, out })).toMatchObject({ rows: 1, path: out });
  });

  test("writes nothing, and names who does", async () => {
    const file = path.join(folder, "clicks.ndjson");
    writeFileSync(file, `${JSON.stringify(clicks.clickOf(0, 0))}\n`);
    const before = [await reader.status().then(({ log }) => log.end), filesIn(path.join(home, "offline"))];
    const writes: (() => Promise<unknown>)[] = [
      () => reader.load("clicks", [file]),
      () => reader.ingest("clicks", [clicks.clickOf(0, 0)]),
      () => reader.replay("clicks", { files: [file], from: 0, until: 1 }),
      () => reader.settled(),
      () => reader.compute(),
      () => reader.materialize(),
      () => reader.predict("any", requests),
    ];
    for (const write of writes) {
      const error: unknown = await write().then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error, write.toString()).toMatchObject({ code: "ASOF_HOME_LOCKED", details: { pid: writer.process.pid } });
      expect(String(error)).toContain(String(writer.process.pid));
    }
    expect([await reader.status().then(({ log }) => log.end), filesIn(path.join(home, "offline"))]).toEqual(before);
  });

  test("is told the same over HTTP", async () => {
    const server = await serve(reader, { port: 0 });
    try {
      const response = await fetch(`${server.url}/v1/events/clicks`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(clicks.clickOf(0, 0)),
      });
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({
        error: { code: "ASOF_HOME_LOCKED", details: { pid: writer.process.pid } },
      });
    } finally {
      await server.close();
    }
  });

  test("a second server on the same home is refused, and the first goes on", async () => {
    const second = start();
    const { error } = (await second.said()) as { error: object };
    expect(error).toMatchObject({ code: "ASOF_HOME_LOCKED", details: { pid: writer.process.pid } });
    if (second.process.exitCode === null) await once(second.process, "close");
    expect(second.process.exitCode).toBe(1);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await writer.tell("ingest 1")).toMatchObject({ accepted: 1 });
  });
});

describe("when the writer is killed", () => {
  test("the reader goes on reading, and the next process writes", async () => {
    await writer.tell("settle");
    const before = await reader.features(clicks.profile, requests);
    writer.process.kill("SIGKILL");
    await once(writer.process, "close");
    // The present may have gone on before the end, and windows with it: what is read is what history gives for its moment.
    const during = await reader.features(clicks.profile, requests);
    expect(during[0].t).toBeGreaterThanOrEqual(before[0].t);
    const past = await reader.features("profile", requests, { at: during[0].t });
    expect(during.map(plain)).toEqual(past.map(plain));
    expect(during.map(({ values }) => values.activity__clicks_lifetime)).toEqual(
      before.map(({ values }) => values.activity__clicks_lifetime),
    );
    const next = start();
    await next.said();
    await next.tell("ingest 5");
    await next.tell("settle");
    const after = await reader.features(clicks.profile, requests);
    const count = (answers: typeof before): number =>
      answers.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0);
    expect(count(after)).toBe(count(before) + 5);
    expect(after[0].t).toBeGreaterThan(before[0].t);
    await expect(reader.ingest("clicks", [clicks.clickOf(0, 0)])).rejects.toMatchObject({ code: "ASOF_HOME_LOCKED" });
  });

  test("the reader reads what a process that ends has moved from the log into Parquet", async () => {
    const last = started.at(-1)!;
    const before = (await reader.status()).log;
    last.stdin!.write("ingest 25000\nstop\n");
    await once(last, "close");
    const after = (await reader.status()).log;
    expect(after.archived).toBeGreaterThan(before.archived);
    expect(after.start).toBeGreaterThan(before.start);
    const online = await reader.features(clicks.profile, requests);
    const offline = await reader.features("profile", requests, { at: online[0].t });
    expect(offline.map(plain)).toEqual(online.map(plain));
    const count = online.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0);
    expect(count).toBeGreaterThan(25_000);
  });
});
