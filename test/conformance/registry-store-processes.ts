import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Applied } from "./registry-store-child.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

const SCRIPT = fileURLToPath(new URL("./registry-store-child.ts", import.meta.url));
const WHO = ["a", "b", "c"];
const ROUNDS = 25;
const WRITES = 300;
const KILLS = 6;

/** What the registry promises to several processes. */
export function processes(subject: RegistryStoreUnderTest): void {
  describe("several processes", () => {
    let place: string;
    const children: ChildProcess[] = [];
    beforeEach(async () => {
      place = await subject.makePlace();
    });
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill("SIGKILL");
      await subject.removePlace(place);
    });

    const start = (task: string, who: string, count: number): ChildProcess => {
      const child = spawn(process.execPath, [SCRIPT, subject.module, place, task, who, String(count)], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      children.push(child);
      return child;
    };
    const told = async (child: ChildProcess): Promise<unknown[]> => {
      const lines: unknown[] = [];
      const closed = once(child, "close");
      for await (const line of createInterface(child.stdout!)) lines.push(JSON.parse(line));
      expect(await closed).toEqual([0, null]);
      return lines;
    };
    const kill = async (child: ChildProcess): Promise<void> => {
      expect(child.exitCode, "the child must run until it is killed").toBe(null);
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    };

    test(`of three that apply at once exactly one wins, ${ROUNDS} times; all may make the registry`, async () => {
      const outcomes = (await Promise.all(WHO.map((who) => told(start("apply", who, ROUNDS))))).flat() as Applied[];
      for (let round = 0; round < ROUNDS; round++)
        expect(
          outcomes
            .filter((applied) => applied.round === round)
            .map(({ outcome }) => outcome)
            .sort(),
          `round ${round}`,
        ).toEqual(["ASOF_APPLY_CONFLICT", "ASOF_APPLY_CONFLICT", "won"]);
      const registry = await subject.open(place);
      expect(await registry.revision()).toMatchObject({ revision: ROUNDS, definitions: [{ kind: "source" }] });
      await registry.close();
    });

    test(`${3 * WRITES} of ${3 * WRITES} writes of three processes arrive`, async () => {
      const done = await Promise.all(WHO.map((who) => told(start("write", who, WRITES))));
      expect(done).toEqual([["done"], ["done"], ["done"]]);
      const registry = await subject.open(place);
      const models = await registry.models("delay");
      expect(models.map(({ version }) => version)).toEqual(models.map((_, i) => i + 1));
      const arrived = [...models.map(({ sha256 }) => sha256), ...(await registry.runs()).map(({ target }) => target)];
      for (const who of WHO)
        for (let i = 0; i < WRITES; i++)
          if (i % 3 === 1 && (await registry.note(`${who} ${i}`)) === String(i)) arrived.push(`${who} ${i}`);
      const expected = WHO.flatMap((who) => Array.from({ length: WRITES }, (_, i) => `${who} ${i}`));
      expect(arrived.sort()).toEqual(expected.sort());
      await registry.close();
    });

    test(`${KILLS} kills leave a whole list of files, of a change no older than the last that resolved`, async () => {
      let number = 0;
      for (let round = 0; round < KILLS; round++) {
        const child = start("files", "a", number + 1);
        let resolved = 0;
        const running = Promise.withResolvers<void>();
        createInterface(child.stdout!).on("line", (line) => {
          resolved = Number(line);
          running.resolve();
        });
        child.once("exit", () => running.resolve());
        await running.promise;

        // While it writes, every view is of one change.
        const registry = await subject.open(place);
        const end = performance.now() + 80 + 20 * round;
        while (performance.now() < end) {
          const { state, files } = await registry.offlineView();
          expect(new Set(files.map(({ rows }) => rows))).toEqual(new Set([state.archived]));
          expect([files.length, state.applied]).toEqual([20, state.archived]);
          await sleep(1);
        }
        if (round % 2 === 0) await registry.close();
        await kill(child);

        const after = round % 2 === 0 ? await subject.open(place) : registry;
        const { state, files } = await after.offlineView();
        expect(state.archived).toBeGreaterThanOrEqual(resolved);
        expect(files.map(({ path }) => path).sort()).toEqual(
          Array.from({ length: 20 }, (_, i) => `${state.archived}/${i}`).sort(),
        );
        number = state.archived;
        await after.setNote("after", String(round));
        expect(await after.note("after")).toBe(String(round));
        await after.close();
      }
    });

    test("a run reads as running while its process lives, and as interrupted once that is killed", async () => {
      const child = start("run", "a", 0);
      const [id] = (await once(createInterface(child.stdout!), "line")) as [string];
      const registry = await subject.open(place);
      const own = await registry.startRun({ kind: "load", target: "own", startedAt: 2, location: "" });
      const states = async (): Promise<unknown> => (await registry.runs()).map((run) => [run.id, run.state]);
      expect(await states()).toEqual([
        [own, "running"],
        [Number(id), "running"],
      ]);
      await kill(child);
      expect(await states()).toEqual([
        [own, "running"],
        [Number(id), "interrupted"],
      ]);
      await registry.close();
    });
  });
}
