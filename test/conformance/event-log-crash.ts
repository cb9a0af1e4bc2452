import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventLogUnderTest } from "./event-log-under-test.ts";
import { collect, entryOf, idOf, sequence } from "./event-log-entries.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const ROUNDS = 8;

/** What the log promises of processes that are killed. */
export function crashes(subject: EventLogUnderTest): void {
  describe("crashes", () => {
    let place: string;
    const children: ChildProcess[] = [];
    beforeEach(async () => {
      place = await subject.makePlace();
    });
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill("SIGKILL");
      await subject.removePlace(place);
    });

    const start = (task: "append" | "hold", firstId = 0): ChildProcess => {
      const script = fileURLToPath(new URL("./event-log-crash-child.ts", import.meta.url));
      const child = spawn(process.execPath, [script, subject.module, place, task, String(firstId)], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      children.push(child);
      return child;
    };
    const kill = async (child: ChildProcess): Promise<void> => {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    };

    test(`${ROUNDS} kills at random moments lose nothing acknowledged and count nothing twice (seed ${SEED})`, async () => {
      const next = sequence(SEED);
      const acknowledged = new Map<number, number>();
      let [nextId, dropped] = [0, 0];
      for (let round = 0; round < ROUNDS; round++) {
        const child = start("append", nextId);
        const before = acknowledged.size;
        const running = Promise.withResolvers<void>();
        const lines = createInterface(child.stdout!);
        lines.on("line", (line) => {
          const [what, first, second] = line.split(" ");
          if (what === "dropping") dropped = Math.max(dropped, Number(first));
          // The end tells a whole line from one that the kill cut short.
          else if (what === "appended" && line.endsWith(".")) acknowledged.set(Number(first), Number.parseInt(second));
          running.resolve();
        });
        child.once("exit", () => running.resolve());
        await running.promise;
        await sleep(next() * 200);
        expect(child.exitCode, "the child must run until it is killed").toBe(null);
        await kill(child);
        expect(acknowledged.size).toBeGreaterThan(before);

        const log = await subject.open(place);
        expect(log.start).toBeLessThanOrEqual(dropped);
        const found = new Map<number, number>();
        let position = log.start;
        let lastStamp = -Infinity;
        for (const entry of await collect(log, log.start)) {
          const id = idOf(entry);
          expect(entry).toEqual({ ...entryOf(id, entry.stamp), position });
          expect(entry.stamp).toBeGreaterThan(lastStamp);
          expect(found.has(id), `entry ${id} is there twice`).toBe(false);
          found.set(id, position);
          position += entry.count;
          lastStamp = entry.stamp + entry.count - 1;
          nextId = Math.max(nextId, id + 1);
        }
        expect([log.end, log.lastStamp]).toEqual([position, lastStamp]);
        for (const [id, at] of acknowledged) {
          nextId = Math.max(nextId, id + 1);
          if (at >= log.start) expect(found.get(id), `round ${round}, acknowledged entry ${id}`).toBe(at);
        }
        await log.close();
      }
      expect(dropped).toBeGreaterThan(0);
    });

    test("refuses a writer while another process writes, naming it, and takes over when that one is killed", async () => {
      const child = start("hold");
      await once(child.stdout!, "data");
      await expect(subject.open(place)).rejects.toMatchObject({
        code: "ASOF_HOME_LOCKED",
        details: { pid: child.pid },
      });
      await kill(child);
      const log = await subject.open(place);
      expect(log.end).toBe(1);
      await log.close();
    });
  });
}
