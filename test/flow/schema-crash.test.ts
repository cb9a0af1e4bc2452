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
import { definitionsOf, tickOf, users } from "./growing.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
/** After what the process is killed, round by round, and how much later at the most, in milliseconds. */
const rounds = [
  ["acknowledged", 5],
  ["applied", 0],
  ["acknowledged", 5],
  ["opened", 25],
  ["applied", 40],
] as const;

const folder = mkdtempSync(path.join(tmpdir(), "asof-schema-crash-"));
let child: ChildProcess | null = null;
afterAll(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test(
  `kill -9 around a change of a source's fields, be it before the first new record, loses and doubles nothing (seed ${SEED})`,
  { timeout: 120_000 },
  async () => {
    const home = path.join(folder, "home");
    const next = sequence(SEED);
    const acknowledged: number[] = [];
    let sent = -1;
    for (const [round, [what, most]] of rounds.entries()) {
      const script = fileURLToPath(new URL("./schema-crash-child.ts", import.meta.url));
      const running = spawn(process.execPath, [script, home, String(2 * round), String(sent + 1)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      child = running;
      const ended = once(running, "close");
      const reached = Promise.withResolvers<void>();
      createInterface(running.stdout).on("line", (line) => {
        const word = JSON.parse(line) as Readonly<Record<string, unknown>>;
        if ("sent" in word) sent = word["sent"] as number;
        if ("acknowledged" in word) {
          const [from, to] = word["acknowledged"] as [number, number];
          for (let n = from; n <= to; n++) acknowledged.push(n);
        }
        if (what in word) reached.resolve();
      });
      await Promise.race([reached.promise, ended]);
      await sleep(next() * most);
      expect(running.exitCode, "the process must run until it is killed").toBeNull();
      running.kill("SIGKILL");
      await ended;

      const where = `round ${round}, killed after ${what}`;
      const store = await open({ definitions: definitionsOf(2 * round + 1), home }, { whenLocked: "refuse" });
      try {
        // What the log holds in the shape of before, and is not folded yet, is taken up in that of now.
        expect(
          (await store.plan()).changes.filter(({ refused }) => refused !== null),
          where,
        ).toEqual([]);
        await store.apply();
        await store.ingest("ticks", [tickOf(sent + 1, Date.now() * 1000, 2 * round + 1)]);
        acknowledged.push(++sent);
        await store.settled();
        await store.materialize();
        const requests = users.map((user) => ({ user }));
        const online = await store.features("all", requests);
        const offline = await store.features("all", requests, { at: online[0].t });
        expect(
          online.map(({ values }) => values),
          where,
        ).toEqual(offline.map(({ values }) => values));
        const history = await store.history("ticks", { sample: 100_000, seed: 1 });
        const numbers = history.map(({ row }) => Number(row["n"]));
        const known = new Set(numbers);
        expect(known.size, where).toBe(numbers.length);
        expect(
          acknowledged.filter((n) => !known.has(n)),
          where,
        ).toEqual([]);
        const counted = online.reduce(
          (all, { values }) => all + Number((values as Record<string, unknown>)["stable__ticks_lifetime"]),
          0,
        );
        expect(counted, where).toBe(numbers.length);
      } finally {
        await store.close();
      }
    }
    expect(acknowledged.length).toBeGreaterThan(8_000);
  },
);
