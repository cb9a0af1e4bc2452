import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AsofError } from "../../core/errors.ts";
import { HOUR, MINUTE, SECOND } from "../../core/time/timestamp.ts";
import type { ScheduleSettings } from "../../configuration.ts";
import { readJobNotes, writeJobNotes } from "./job-book.ts";
import { NONE, turnAfter } from "./job-report.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";

let home: string;
const open: Scheduler[] = [];
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "asof-schedule-"));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  rmSync(home, { recursive: true });
});

async function start(schedule: ScheduleSettings, over: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
  const scheduler = await Scheduler.start({
    home,
    schedule,
    work: () => Promise.resolve(),
    ended: () => {},
    now: () => Date.now() * 1000,
    ...over,
  });
  open.push(scheduler);
  return scheduler;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

const second = { run: "compute", cron: "* * * * * *" } as const;

test("a job runs at its turns, one run at a time, and turns that come meanwhile are skipped", async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  let release = (): void => {};
  const scheduler = await start(
    { slow: second },
    {
      work: async () => {
        most = Math.max(most, ++running);
        if (++runs === 1) await new Promise<void>((resolve) => (release = resolve));
        running--;
      },
    },
  );
  await until(() => scheduler.report()[0].counts.skipped >= 1);
  expect(scheduler.report()[0].runningSince).not.toBeNull();
  release();
  await until(() => scheduler.report()[0].counts.succeeded >= 2);
  expect(most).toBe(1);
  await scheduler.close();
  const noted = (await readJobNotes(home))["slow"];
  expect(noted.last).toMatchObject({ state: "succeeded", failure: null });
  expect(readdirSync(home)).toEqual(["schedule.json"]);
});

test("what a job fails with is on record, and it runs again", async () => {
  const ended: unknown[] = [];
  const scheduler = await start(
    { broken: second },
    {
      work: () => Promise.reject(new AsofError("ASOF_SQL", "no such column")),
      ended: (job, run) => void ended.push([job.name, run.state]),
    },
  );
  await until(() => ended.length >= 2);
  expect(scheduler.report()[0].last).toMatchObject({
    state: "failed",
    failure: { code: "ASOF_SQL", message: "no such column" },
  });
  expect(ended.slice(0, 2)).toEqual([
    ["broken", "failed"],
    ["broken", "failed"],
  ]);
});

test("missed turns are made up for once, or skipped, as declared", async () => {
  const now = Date.UTC(2026, 2, 1, 12, 0, 30) * 1000;
  const minutely = { run: "compute", cron: "* * * * *" } as const;
  const note = { turn: now - HOUR, runningSince: null, last: null, counts: NONE };
  await writeJobNotes(home, { once: note, skip: note, fresh: { ...note, turn: now - SECOND } });
  const runs: string[] = [];
  const scheduler = await start(
    { once: minutely, skip: { ...minutely, missed: "skip" }, fresh: minutely, added: minutely },
    { now: () => now, ended: ({ name }) => void runs.push(name) },
  );
  await until(() => runs.length > 0);
  expect(runs).toEqual(["once"]);
  expect(scheduler.report().map(({ name, counts }) => [name, counts.succeeded, counts.skipped])).toEqual([
    ["once", 1, 59],
    ["skip", 0, 60],
    ["fresh", 0, 0],
    ["added", 0, 0],
  ]);
  expect(scheduler.report()[0].next).toBe(now + 30 * SECOND);
});

test("a run that its process did not live to note, and one that the end cut off, are told as interrupted", async () => {
  const now = Date.now() * 1000;
  await writeJobNotes(home, { job: { turn: now, runningSince: now - MINUTE, last: null, counts: NONE } });
  const first = await start(
    { job: second },
    {
      work: (_job, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    },
  );
  expect(first.report()[0]).toMatchObject({
    last: { state: "interrupted", seconds: expect.closeTo(60, 0) },
    counts: { interrupted: 1 },
  });
  await until(() => first.report()[0].runningSince !== null);
  await first.close();
  expect((await readJobNotes(home))["job"]).toMatchObject({
    runningSince: null,
    last: { state: "interrupted", failure: { code: "ASOF_INTERRUPTED" } },
    counts: { interrupted: 2 },
  });
});

test("turns are those of the time zone, over the change of the clocks", () => {
  const berlin = { run: "compute", cron: "0 3 * * *", timezone: "Europe/Berlin" } as const;
  const winter = turnAfter(berlin, Date.UTC(2026, 2, 28, 12) * 1000 - 24 * HOUR)!;
  const summer = turnAfter(berlin, winter)!;
  expect(new Date(winter / 1000).toISOString()).toBe("2026-03-28T02:00:00.000Z");
  expect(new Date(summer / 1000).toISOString()).toBe("2026-03-29T01:00:00.000Z");
});

test("notes that are damaged or newer are refused", async () => {
  writeFileSync(path.join(home, "schedule.json"), '{"format":1,"jobs"');
  await expect(readJobNotes(home)).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
  writeFileSync(path.join(home, "schedule.json"), '{"format":2,"jobs":{}}');
  await expect(readJobNotes(home)).rejects.toMatchObject({ code: "ASOF_FORMAT" });
});
