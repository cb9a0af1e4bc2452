import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OnlineStore } from "../../src/ports/online-store.ts";
import { bytes, read } from "./online-store-bytes.ts";
import { NUMBERED, numberOf } from "./online-store-child.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

const SEED = Number(process.env["ASOF_SEED"] ?? 20010630);
const ROUNDS = 6;

interface Writer {
  readonly process: ChildProcess;
  /** Resolves once a commit has been acknowledged. */
  readonly running: Promise<void>;
  acknowledged: number;
}

function start(subject: OnlineStoreUnderTest, place: string, first: number): Writer {
  const script = fileURLToPath(new URL("./online-store-child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, subject.module, place, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const running = Promise.withResolvers<void>();
  const writer: Writer = { process: child, running: running.promise, acknowledged: first - 1 };
  createInterface(child.stdout).on("line", (line) => {
    // The end tells a whole line from one that a kill cut short.
    if (line.endsWith(".")) writer.acknowledged = Number.parseInt(line);
    running.resolve();
  });
  child.once("exit", () => running.resolve());
  return writer;
}

async function kill(writer: Writer): Promise<void> {
  expect(writer.process.exitCode, "the writer must run until it is killed").toBe(null);
  const closed = once(writer.process, "close");
  writer.process.kill("SIGKILL");
  await closed;
}

/** What a reader in this process sees while another writes. */
export function processes(subject: OnlineStoreUnderTest): void {
  const skip = subject.multiProcess === true ? undefined : subject.multiProcess.skip;
  describe.skipIf(skip)(`several processes${skip ? ` (${skip})` : ""}`, () => {
    test("each read sees one whole commit of another process, and soon the newest, without ever yielding", async () => {
      const place = await subject.makePlace();
      // Opened while it is empty: the reader must follow a store that outgrows what it mapped.
      const store = await subject.open(place);
      const writer = start(subject, place, 1);
      try {
        await writer.running;
        const seen = new Set<number>();
        const end = performance.now() + 1_500;
        let mixed = 0;
        let last = -Infinity;
        while (performance.now() < end) {
          let number: number | undefined;
          const reading = store.read(NUMBERED, (_, value) => {
            number ??= numberOf(value!);
            if (numberOf(value!) !== number) mixed++;
          });
          if (reading !== undefined) await reading;
          expect(number).toBeGreaterThanOrEqual(last);
          last = number!;
          seen.add(last);
        }
        expect(mixed).toBe(0);
        expect(seen.size).toBeGreaterThan(5);
      } finally {
        await kill(writer);
        await store.close();
        await subject.removePlace(place);
      }
    });
  });
}

/** What is left when a writer is killed. */
export function crashes(subject: OnlineStoreUnderTest): void {
  const skip = subject.survivesKill === true ? undefined : subject.survivesKill.skip;
  describe.skipIf(skip)(`crashes${skip ? ` (${skip})` : ""}`, () => {
    let place: string;
    let other: OnlineStore | null = null;
    beforeEach(async () => {
      place = await subject.makePlace();
    });
    afterEach(async () => {
      await other?.close();
      await subject.removePlace(place);
    });

    test(`${ROUNDS} kills at random moments leave whole commits and lose none that resolved (seed ${SEED})`, async () => {
      // mulberry32
      let state = SEED;
      const next = (): number => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
      };
      let number = 0;
      for (let round = 0; round < ROUNDS; round++) {
        // In half the rounds this process has the store open meanwhile, and must go on with it.
        if (round === ROUNDS / 2 && subject.multiProcess === true && subject.writersTakeTurns === true)
          other = await subject.open(place);
        const writer = start(subject, place, number + 1);
        await writer.running;
        await sleep(next() * 150);
        await kill(writer);
        expect(writer.acknowledged).toBeGreaterThan(number);

        const store = other ?? (await subject.open(place));
        const numbers = new Set((await read(store, NUMBERED)).map((value) => numberOf(value!)));
        expect(numbers.size, `round ${round} mixes commits`).toBe(1);
        [number] = [...numbers] as [number];
        expect(number).toBeGreaterThanOrEqual(writer.acknowledged);
        expect(await store.count(bytes("numbered"))).toBe(NUMBERED.length);
        await store.commit([[bytes("after"), bytes(String(round))]]);
        expect(await read(store, [bytes("after")])).toEqual([bytes(String(round))]);
        if (other === null) await store.close();
      }
    });
  });
}
