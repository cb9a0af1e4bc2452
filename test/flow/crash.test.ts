import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { sourceStream } from "../../src/core/definition/stream.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import { open } from "../../src/index.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import * as clicks from "./clicks.ts";
import { historyFiles, offlineRecords } from "./offline-records.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
/** What the killed process was doing, round by round. `archive` is told to close first, which archives the log. */
const tasks = ["stream", "bulk", "bulk", "archive", "stream", "bulk", "archive", "bulk", "stream", "archive"] as const;

const folder = mkdtempSync(path.join(tmpdir(), "asof-crash-"));
const home = path.join(folder, "home");
let child: ChildProcess | null = null;
afterAll(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Batch {
  readonly first: number;
  readonly last: number;
}

/** What a process said before it was killed. */
interface Said {
  sent: Batch[];
  acknowledged: Batch[];
  answers: { readonly user: string; readonly answer: FeatureAnswer }[];
}

/** Starts a process on the store, kills it at a random moment, and resolves to what it had said. */
async function killed(task: (typeof tasks)[number], first: number, next: () => number): Promise<Said> {
  const said: Said = { sent: [], acknowledged: [], answers: [] };
  const script = fileURLToPath(new URL("./crash-child.ts", import.meta.url));
  const seed = String(Math.floor(next() * 2 ** 31));
  const running = spawn(process.execPath, [script, home, task, seed, String(first)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child = running;
  const [ready, acknowledged, closing, ended] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    once(running, "close"),
  ];
  createInterface(running.stdout).on("line", (line) => {
    const word = JSON.parse(line) as Record<string, unknown>;
    const batch = ([from, to]: number[]): Batch => ({ first: from, last: to });
    if ("sent" in word) said.sent.push(batch(word["sent"] as number[]));
    if ("acknowledged" in word) {
      said.acknowledged.push(batch(word["acknowledged"] as number[]));
      acknowledged.resolve();
    }
    if ("asked" in word) said.answers.push({ user: word["asked"] as string, answer: word["answer"] as FeatureAnswer });
    if ("ready" in word) ready.resolve();
    if ("closing" in word) closing.resolve();
  });
  await Promise.race([ready.promise, ended]);
  // However slow the machine, something has been acknowledged.
  await Promise.race([acknowledged.promise, ended]);
  expect(running.exitCode, "the process must run until it is killed").toBeNull();
  await sleep(200 + next() * 600);
  expect(running.exitCode, "the process must run until it is killed").toBeNull();
  if (task === "archive") {
    running.stdin.end();
    await Promise.race([closing.promise, ended]);
    await sleep(next() * 250);
  }
  running.kill("SIGKILL");
  await ended;
  return said;
}

const plain = ({ values, statuses, eventTimes, t }: FeatureAnswer): object => ({ values, statuses, eventTimes, t });

describe("kill -9", () => {
  test(
    `${tasks.length} times at random moments loses nothing acknowledged and counts nothing twice (seed ${SEED})`,
    { timeout: 240_000 },
    async () => {
      const next = sequence(SEED);
      const sent: Batch[] = [];
      const acknowledged: Batch[] = [];
      let number = 0;
      let archived = 0;
      // On a slow machine processes may be killed before any has come so far as to archive: then there are more of them.
      for (let round = 0; round < tasks.length || (archived === 0 && round < 3 * tasks.length); round++) {
        const task = tasks[round % tasks.length];
        const said = await killed(task, number, next);
        sent.push(...said.sent);
        acknowledged.push(...said.acknowledged);
        number = Math.max(number, ...said.sent.map(({ last }) => last + 1));
        const where = `round ${round}, ${task}`;
        expect(said.acknowledged.length, where).toBeGreaterThan(0);

        const store = await open({ definitions: clicks, home }, { whenLocked: "refuse" });
        try {
          // Nothing lies about that does not belong to the store.
          const { known, found, staged } = await historyFiles(home);
          expect(found, where).toEqual(known);
          expect(staged, where).toEqual([]);

          // Each acknowledged batch is there whole and once; any other is there whole and once, or not at all.
          const records = await offlineRecords(home, sourceStream(clicks.clicks.definition));
          const numbers = new Set(records.map(({ n }) => n as number));
          expect(numbers.size, where).toBe(records.length);
          const counted = ({ first, last }: Batch): number => {
            let there = 0;
            for (let n = first; n <= last; n++) if (numbers.has(n)) there++;
            return there;
          };
          for (const batch of acknowledged) expect(counted(batch), where).toBe(batch.last - batch.first + 1);
          for (const batch of sent) expect([0, batch.last - batch.first + 1], where).toContain(counted(batch));
          expect(numbers.size, where).toBe(sent.reduce((sum, batch) => sum + counted(batch), 0));

          // What was answered before the kill is still the truth, unless a load has come since.
          if (task !== "bulk")
            for (const { user, answer } of said.answers.filter(
              (_, i) => i % Math.ceil(said.answers.length / 4) === 0,
            )) {
              const [again] = await store.features("profile", [{ user }], { at: answer.t });
              expect(plain(again), where).toEqual(plain(answer));
            }

          // Online is what it was left as, caught up; then with the loads it missed.
          await store.settled();
          const requests = clicks.users.map((user) => ({ user }));
          if (task !== "bulk") {
            const online = await store.features(clicks.profile, requests);
            const offline = await store.features("profile", requests, { at: online[0].t });
            expect(online.map(plain), where).toEqual(offline.map(plain));
          }
          await store.materialize();
          archived = Math.max(archived, (await store.status()).log.archived);
          const online = await store.features(clicks.profile, requests);
          const offline = await store.features("profile", requests, { at: online[0].t });
          expect(online.map(plain), where).toEqual(offline.map(plain));
          const counts = online.map(({ values }) => values.activity__clicks_lifetime);
          expect(
            counts.reduce((a, b) => a + b, 0),
            where,
          ).toBe(numbers.size);
        } finally {
          await store.close();
        }
      }
      expect(number).toBeGreaterThan(1_000);
      expect(archived, "a process must have been killed while or after it archived its log").toBeGreaterThan(0);
    },
  );
});
