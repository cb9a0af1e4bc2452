import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { STATES_PREFIX } from "../../src/core/codec/online-keys.ts";
import type { MonitoringReport } from "../../src/core/result/monitoring.ts";
import type { JobRun } from "../../src/core/result/schedule.ts";
import { HOUR } from "../../src/core/time/timestamp.ts";
import { configure } from "../../src/configuration.ts";
import { serve } from "../../src/surfaces/http/serve.ts";
import { attend } from "../../src/surfaces/schedule/attend.ts";
import { type Notice, Notices } from "../../src/surfaces/schedule/notices.ts";
import { asof } from "../cli/captured-io.ts";
import { everyReport } from "../every-metric.ts";
import { now, openTestStore } from "./open-test-store.ts";
import * as shop from "./shop.ts";

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

test("jobs run while the store serves: over HTTP, as metrics, on the command line, and to a webhook where they fail", async () => {
  const heard: Notice[] = [];
  let refusals = 1;
  const hook = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      expect(request.headers["x-token"]).toBe("t");
      if (refusals-- > 0) return response.writeHead(503).end();
      heard.push(JSON.parse(Buffer.concat(chunks).toString()) as Notice);
      return response.end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/secret`;
  const store = await openTestStore();
  const { home } = await store.status();
  const folder = mkdtempSync(path.join(tmpdir(), "asof-jobs-"));
  const schedule = {
    views: { run: "materialize", cron: "* * * * * *" },
    broken: { run: "compute", cron: "* * * * * *", views: ["nothing"] },
    nightly: { run: "train", cron: "0 3 * * *", timezone: "Europe/Berlin", models: ["fraud"] },
  } as const;
  const configuration = configure({
    definitions: shop,
    schedule,
    notify: { webhooks: [{ url, headers: { "x-token": "t" } }] },
  });
  const lines: string[] = [];
  const logStream = { write: (line: string) => void lines.push(line) };
  const attendance = await attend(store, { ...configuration, home }, { logger: "info", logStream });
  const server = await serve(store, { port: 0, logger: false, jobs: attendance.jobs });
  try {
    await until(() => heard.length > 0);
    expect(heard[0]).toMatchObject({
      event: "job_failed",
      subject: "broken",
      state: "firing",
      message: expect.stringContaining("nothing"),
      details: { code: "ASOF_UNKNOWN_VIEW", cron: "* * * * * *" },
    });
    await until(async () => (await store.runs({ kind: "materialize" })).length >= 3);
    const { jobs } = (await (await fetch(`${server.url}/v1/schedule`)).json()) as { jobs: Record<string, unknown>[] };
    expect(jobs).toMatchObject([
      { name: "views", last: { state: "succeeded", failure: null } },
      { name: "broken", of: ["nothing"], last: { state: "failed", failure: { code: "ASOF_UNKNOWN_VIEW" } } },
      { name: "nightly", last: null, next: expect.stringMatching(/T0[12]:00:00Z$/) },
    ]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^asof_job_runs_total\{job_name="broken",state="failed"\} [1-9]/m);
    expect(metrics).toMatch(/^asof_job_next_run_timestamp_seconds\{job_name="nightly"\} \d{10}$/m);
    const code = `export default ${JSON.stringify({ definitions: {}, home, schedule })};`;
    writeFileSync(path.join(folder, "asof.config.mjs"), code);
    const listed = await asof(["schedule", "--json"], { cwd: folder });
    expect(JSON.parse(listed.out)).toMatchObject([
      { name: "views", last: { state: "succeeded" } },
      { name: "broken", last: { state: "failed" } },
      { name: "nightly", last: null, timezone: "Europe/Berlin" },
    ]);
    const text = (await asof(["schedule"], { cwd: folder })).out;
    expect(text).toMatch(/^nightly +train fraud +0 3 \* \* \* \(Europe\/Berlin\) +never/m);
    expect(text).toMatch(/^broken: ASOF_UNKNOWN_VIEW /m);
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged).toContainEqual(expect.objectContaining({ level: "error", event: "job_failed", subject: "broken" }));
    expect(lines.join("")).not.toContain("secret");
  } finally {
    await attendance.close();
    await server.close();
    await store.close();
    rmSync(folder, { recursive: true });
    hook.closeAllConnections();
    hook.close();
  }
});

test("a scheduled verify finds nothing in a sound store, and tells of answers that records do not give", async () => {
  const store = await openTestStore();
  const { home } = await store.status();
  const customers = ["hasty-0", "hasty-1", ...Array.from({ length: 40 }, (_, i) => `calm-${i}`)];
  const paid = { at: now - HOUR, amount: 5, cents: 1n, refund: false };
  await store.ingest(
    shop.payments,
    customers.map((customer) => ({ ...paid, customer })),
  );
  await store.settled();
  const configuration = configure({
    definitions: shop,
    clock: { simulated: now },
    schedule: { check: { run: "verify", cron: "* * * * * *", minutes: 0.001 } },
  });
  const lines: string[] = [];
  const logStream = { write: (line: string) => void lines.push(line) };
  const attendance = await attend(store, { ...configuration, home }, { logger: "info", logStream });
  const last = (): JobRun | null => attendance.jobs()[0].last;
  try {
    await until(() => last() !== null);
    expect(last()).toMatchObject({ state: "succeeded", failure: null });
    const online = await openLmdb(path.join(home, "online"));
    await online.clear(STATES_PREFIX);
    await online.close();
    // Told once it is noted.
    await until(() => lines.some((line) => line.includes("job_failed")));
    expect(last()).toMatchObject({ state: "failed", failure: { code: "ASOF_DIFFERENT" } });
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told).toContainEqual(expect.objectContaining({ level: "error", event: "job_failed", subject: "check" }));
  } finally {
    await attendance.close();
    await store.close();
  }
});

test("staleness and drift are told when they begin and when they end; differences when there are more", () => {
  const told: string[] = [];
  const notices = new Notices(({ event, subject, state }) => void told.push(`${event} ${subject} ${state}`));
  const look = (over: Partial<MonitoringReport>): string[] => {
    notices.look({ ...everyReport, ...over }, { staleness: 60_000_000, drift: 0.25 });
    return told.splice(0);
  };
  const drifted = (psi: number, chance: number): MonitoringReport["drift"] =>
    everyReport.drift.map((one) => ({ ...one, features: one.features.map((of) => ({ ...of, psi, chance })) }));
  expect(look({})).toEqual([]);
  expect(look({ freshness: 61_000_000 })).toEqual(["stale store firing"]);
  expect(look({ freshness: 61_000_000 })).toEqual([]);
  expect(look({ freshness: 0 })).toEqual(["stale store resolved"]);
  // As many values as these would have that index without any drift.
  expect(look({ drift: drifted(0.3, 0.2) })).toEqual([]);
  expect(look({ drift: drifted(0.3, 0.01) })).toEqual(["drift m.f firing"]);
  expect(look({})).toEqual(["drift m.f resolved"]);
  const { audit } = everyReport;
  expect(look({ audit: { ...audit, different: 2 } })).toEqual(["audit_difference store firing"]);
  expect(look({ audit: { ...audit, different: 2 } })).toEqual([]);
  expect(look({ audit: { ...audit, different: 3 } })).toEqual(["audit_difference store firing"]);
});

test.each([
  [{ schedule: { a: { run: "compute", cron: "61 * * * *" } } }, /schedule.*a that has no cron expression/],
  [{ schedule: { a: { run: "copy", cron: "* * * * *" } } }, /must run compute, materialize, train, verify/],
  [{ schedule: { a: { run: "train", cron: "* * * * *", views: [] } } }, /has no views: for train there are/],
  [{ schedule: { a: { run: "compute", cron: "* * * * *", timezone: "Mars" } } }, /time zone/],
  [{ schedule: { a: { run: "compute", cron: "* * * * *", missed: "all" } } }, /"once" or "skip"/],
  [{ schedule: { "a b": { run: "compute", cron: "* * * * *" } } }, /must be named by/],
  [{ notify: { webhooks: ["ftp://x"] } }, /webhooks/],
  [{ notify: { staleness: "soon" } }, /staleness/],
  [{ log: "loud" }, /must be one of silent/],
])("a configuration with %j is refused", (wrong, why) => {
  expect(() => configure({ definitions: {}, ...wrong } as never)).toThrow(why);
});
