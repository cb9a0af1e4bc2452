import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { open } from "../../src/index.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import { logOf } from "./log-of.ts";
import { NaivePayments, type Operation, payments, SPAN, text, WORKERS } from "./payments.ts";
import { perform } from "./perform.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const ROUNDS = 8;

const folder = mkdtempSync(path.join(tmpdir(), "asof-identity-crash-"));
const home = path.join(folder, "home");
let child: ChildProcess | null = null;
afterAll(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly worker: number;
  readonly began?: Operation;
  readonly ended?: Readonly<Record<string, unknown>>;
}

/** Starts a process on the store, kills it at a random moment, and resolves to what it had said. */
async function killed(round: number, next: () => number): Promise<Said[]> {
  const said: Said[] = [];
  const script = fileURLToPath(new URL("./identity-crash-child.ts", import.meta.url));
  const seed = String(Math.floor(next() * 2 ** 31));
  const archiveFrom = String(round % 2 === 0 ? 20_000 : 60);
  const running = spawn(process.execPath, [script, folder, home, seed, archiveFrom], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = running;
  const [ready, ended] = [Promise.withResolvers<void>(), once(running, "close")];
  createInterface(running.stdout).on("line", (line) => {
    const word = JSON.parse(line) as Said | { readonly ready: number };
    if ("ready" in word) ready.resolve();
    else said.push(word);
  });
  await Promise.race([ready.promise, ended]);
  await sleep(200 + next() * 800);
  expect(running.exitCode, "the process must run until it is killed").toBeNull();
  running.kill("SIGKILL");
  await ended;
  return said;
}

const ofWorker = (worker: number, found: readonly string[]): string[] =>
  found.filter((one) => Math.floor(Number(one.split(" ")[0]) / SPAN) === worker);

test(
  `kill -9 ${ROUNDS} times: ids are neither forgotten nor known too early, and no request is half done (seed ${SEED})`,
  { timeout: 120_000 },
  async () => {
    const next = sequence(SEED);
    const known = Array.from({ length: WORKERS }, () => new NaivePayments());
    const counts = { operations: 0, kept: 0, lost: 0, duplicates: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const said = await killed(round, next);
      const open_ = Array.from({ length: WORKERS }, (): Operation | null => null);
      for (const { worker, began, ended } of said) {
        if (began !== undefined) open_[worker] = began;
        if (ended === undefined) continue;
        const where = `round ${round}, worker ${worker}: ${JSON.stringify(open_[worker])}`;
        const expected = known[worker].apply(open_[worker]!);
        expect(ended, where).toMatchObject(expected ?? { code: "ASOF_ID_CONFLICT" });
        counts.operations++;
        counts.duplicates += expected?.["duplicates"] ?? 0;
        open_[worker] = null;
      }

      // What was not acknowledged is there whole or not at all, once the store is open again.
      let store = await open({ definitions: { payments }, home }, { whenLocked: "refuse" });
      try {
        const { records } = await logOf(home, payments.definition);
        const found = records
          .map(({ row, withdrawn }) => text(row["number"] as bigint, row["amount"] as number, withdrawn !== null))
          .sort();
        for (const [worker, operation] of open_.entries()) {
          const where = `round ${round}, worker ${worker}: ${JSON.stringify(operation)}`;
          const present = ofWorker(worker, found);
          if (operation === null) {
            expect(present, where).toEqual(known[worker].found());
            continue;
          }
          const after = known[worker].copy();
          after.apply(operation);
          expect([known[worker].found(), after.found()], where).toContainEqual(present);
          // Sent again it is done, whatever there was of it, and then it is known.
          const expected = known[worker].copy().apply(operation);
          if (expected === null) continue;
          await perform(store, folder, 1_000_000 + round * WORKERS + worker, operation);
          known[worker] = after;
          counts[present.join() === after.found().join() ? "kept" : "lost"]++;
        }
        await store.close();
        store = await open({ definitions: { payments }, home }, { whenLocked: "refuse" });
        const again = (await logOf(home, payments.definition)).records.map(({ row, withdrawn }) =>
          text(row["number"] as bigint, row["amount"] as number, withdrawn !== null),
        );
        expect(again.sort(), `round ${round}`).toEqual(known.flatMap((one) => one.found()).sort());
      } finally {
        await store.close();
      }
    }
    expect(counts.operations).toBeGreaterThan(200);
    expect(counts.duplicates).toBeGreaterThan(50);
    expect(counts.kept + counts.lost).toBeGreaterThan(0);
  },
);
