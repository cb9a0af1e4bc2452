import { describe, expect, test } from "vitest";
import { fingerprint } from "../../core/definition/fingerprint.ts";
import type { ServedAnswer } from "../../core/result/audit.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { AuditNote } from "./audit-totals.ts";
import { type Audited, Auditor, type AuditorParts } from "./auditor.ts";

const inputs: Fields = { n: { kind: "int32", nullable: true } };
const service = (name: string): Audited => ({ kind: "features", name, definition: fingerprint(name), inputs });
const model: Audited = { kind: "predict", name: "m", definition: fingerprint("m"), inputs };

const answer = (n: number, wrong = false): ServedAnswer => ({
  id: null,
  t: 1_000_000 + n,
  knowledge: "served",
  loads: {},
  request: { n },
  features: { twice: wrong ? 0 : 2 * n },
  statuses: {},
  eventTimes: {},
  prediction: null,
});

/** History that doubles numbers, a served log, and notes that outlive an auditor. */
class World {
  readonly notes = new Map<string, AuditNote>();
  readonly log: ServedAnswer[] = [];
  /** Services that cannot be compared. */
  readonly broken = new Set<string>();
  /** After so many comparisons within a call the comparison fails. */
  failAfter = Infinity;
  compared: number[] = [];
  /** Answers that rest on what was erased since. */
  readonly erased = new Set<number>();
  duringCompare = (): void => {};
  beforeLook = (): void => {};

  open(targets: readonly Audited[], sample = 1): Promise<Auditor> {
    const parts: AuditorParts = {
      clock: { now: () => 2_000_000, elapsed: () => 0, idled: () => 0, worked: () => 0, reserve: 0, advance: null },
      sample,
      targets,
      end: () => this.log.length,
      logged: async () => this.beforeLook(),
      readServed: async (_, { from, until }) =>
        this.log.slice(from, until).map((one, i) => ({
          position: from + i,
          answer: one,
          verifiable: !this.erased.has(one.request["n"] as number),
        })),
      compare: async (target, answers, onCompared) => {
        this.duringCompare();
        if (this.broken.has(target.name)) throw new Error(`${target.name} is broken`);
        for (const [i, one] of answers.entries()) {
          if (i >= this.failAfter) throw new Error("in the middle");
          onCompared(one, "twice", one.features["twice"], 2 * (one.request["n"] as number));
          this.compared.push(one.request["n"] as number);
        }
      },
      load: async ({ name }) => this.notes.get(name) ?? null,
      save: async ({ name }, note) => void this.notes.set(name, JSON.parse(JSON.stringify(note)) as AuditNote),
      ended: () => {},
      rest: async () => {},
    };
    return Auditor.open(parts, true);
  }
}

const never = new AbortController().signal;
const take = (auditor: Auditor, name: string, ...answers: readonly ServedAnswer[]): void =>
  answers.forEach((one) => auditor.answered(name, one.request, () => one));

describe("the auditor", () => {
  test("counts what is equal and what is not, with examples", async () => {
    const auditor = await new World().open([service("a")]);
    take(auditor, "a", answer(1), answer(2, true), answer(3));
    expect(auditor.targets()[0]).toMatchObject({ waiting: 3, oldest: 1_000_001, answers: 0 });
    await auditor.round(never, true);
    const [target] = auditor.targets();
    expect(target).toMatchObject({
      answers: 3,
      compared: 3,
      different: 1,
      waiting: 0,
      oldest: null,
      lastRun: 2_000_000,
    });
    expect(target.examples).toEqual([
      { what: "twice", t: 1_000_002, request: { n: "2" }, loads: {}, served: "0", recomputed: "4", id: null },
    ]);
  });

  test("keeps few examples of each feature, however many differ", async () => {
    const auditor = await new World().open([service("a")]);
    take(auditor, "a", ...Array.from({ length: 2500 }, (_, i) => answer(i + 1, true)));
    await auditor.round(never, true);
    expect(auditor.targets()[0]).toMatchObject({ different: 2500 });
    expect(auditor.targets()[0].examples).toHaveLength(3);
  });

  test("drops what it cannot keep, and says how many", async () => {
    const auditor = await new World().open([service("a"), service("b")]);
    for (let n = 0; n < 6000; n++) {
      take(auditor, "a", answer(n));
      take(auditor, "b", answer(n));
    }
    const waiting = auditor.targets().map((target) => target.waiting);
    const dropped = auditor.targets().map((target) => target.dropped);
    expect(waiting[0] + waiting[1]).toBe(10_000);
    expect(dropped[0] + dropped[1]).toBe(2000);
    await auditor.round(never, true);
    take(auditor, "a", answer(1));
    expect(auditor.targets()[0].waiting).toBe(1);
  });

  test("that fails in the middle counts nothing of it, and each answer once when it goes on", async () => {
    const world = new World();
    const auditor = await world.open([service("a")]);
    take(auditor, "a", answer(1, true), answer(2, true));
    world.failAfter = 1;
    await expect(auditor.round(never, true)).rejects.toThrow("in the middle");
    expect(auditor.targets()[0]).toMatchObject({ answers: 0, compared: 0, different: 0, waiting: 2, examples: [] });
    world.failAfter = Infinity;
    await auditor.round(never, true);
    expect(auditor.targets()[0]).toMatchObject({ answers: 2, compared: 2, different: 2, waiting: 0 });
  });

  test("ends however busy the store is: what comes meanwhile waits for the next round", async () => {
    const world = new World();
    const auditor = await world.open([service("a")]);
    take(auditor, "a", answer(1), answer(2));
    let n = 3;
    world.duringCompare = () => take(auditor, "a", answer(n++));
    await auditor.round(never, true);
    expect(auditor.targets()[0]).toMatchObject({ answers: 2, waiting: 1 });
    await auditor.round(never, true);
    expect(world.compared).toEqual([1, 2, 3]);
  });

  test("goes on with other services where one cannot be compared", async () => {
    const world = new World();
    const auditor = await world.open([service("a"), service("b")]);
    take(auditor, "a", answer(1));
    take(auditor, "b", answer(1));
    world.broken.add("a");
    await expect(auditor.round(never, true)).rejects.toThrow("a is broken");
    expect(auditor.targets().map(({ answers }) => answers)).toEqual([0, 1]);
  });

  test("takes each prediction of the log once, across restarts and failures", async () => {
    const world = new World();
    const say = (auditor: Auditor, ...ns: readonly number[]): void => {
      world.log.push(...ns.map((n) => answer(n)));
      auditor.logged("m", ns.length, 1_000_000 + ns[0]);
    };
    const first = await world.open([model]);
    say(first, 1, 2, 3);
    expect(first.targets()[0]).toMatchObject({ waiting: 3, oldest: 1_000_001 });
    await first.round(never, true);
    say(first, 4, 5);
    world.broken.add("m");
    await expect(first.round(never, true)).rejects.toThrow();
    expect(first.targets()[0]).toMatchObject({ waiting: 2, oldest: 1_000_004 });
    say(first, 6);
    expect(first.targets()[0]).toMatchObject({ waiting: 3, oldest: 1_000_004 });
    await first.close();
    world.broken.clear();
    const second = await world.open([model]);
    say(second, 7);
    await second.round(never, true);
    await second.round(never, true);
    expect(world.compared).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(second.targets()[0]).toMatchObject({ answers: 7, waiting: 0, dropped: 0 });
  });

  test("looks again at what entered the log after a look began, though nobody predicts any more", async () => {
    const world = new World();
    const auditor = await world.open([model]);
    const enter = (n: number): void => {
      world.log.push(answer(n));
      auditor.logged("m", 1, 1_000_000 + n);
    };
    world.beforeLook = () => {
      world.beforeLook = () => {};
      enter(1);
    };
    // As another process's predictions do, or a shadow's.
    world.duringCompare = () => {
      world.duringCompare = () => {};
      enter(2);
    };
    await auditor.round(never, true);
    expect(world.compared).toEqual([1]);
    expect(auditor.targets()[0]).toMatchObject({ answers: 1, waiting: 1, oldest: 1_000_002 });
    await auditor.round(never, true);
    expect(world.compared).toEqual([1, 2]);
    expect(auditor.targets()[0]).toMatchObject({ answers: 2, waiting: 0, oldest: null });
  });

  test("takes a sample, the same of the log as of memory", async () => {
    const world = new World();
    const auditor = await world.open([service("a"), model], 0.3);
    const answers = Array.from({ length: 1000 }, (_, i) => answer(i));
    take(auditor, "a", ...answers);
    world.log.push(...answers);
    auditor.logged("m", answers.length, 0);
    await auditor.round(never, true);
    const half = world.compared.length / 2;
    expect(half).toBeGreaterThan(200);
    expect(half).toBeLessThan(400);
    expect(world.compared.slice(0, half)).toEqual(world.compared.slice(half));
  });

  test("begins anew where the definition is another, also after a process that died at once", async () => {
    const world = new World();
    const first = await world.open([model]);
    world.log.push(answer(1));
    first.logged("m", 1, 0);
    await first.round(never, true);
    world.log.push(answer(2));
    const other = { ...model, definition: fingerprint("other") };
    // Killed before its first round.
    const second = await world.open([other]);
    world.log.push(answer(3));
    second.logged("m", 1, 0);
    const third = await world.open([model]);
    world.log.push(answer(4));
    await third.round(never, true);
    expect(world.compared).toEqual([1, 4]);
    expect(third.targets()[0].answers).toBe(1);
  });

  test("counts what waits in memory as dropped when it is closed", async () => {
    const world = new World();
    const auditor = await world.open([service("a"), service("b")]);
    take(auditor, "a", answer(1), answer(2));
    await auditor.close();
    const after = await world.open([service("a"), service("b")]);
    expect(after.targets().map(({ dropped }) => dropped)).toEqual([2, 0]);
  });

  test("forgets what it knows of requests, and what cannot be computed again", async () => {
    const world = new World();
    const auditor = await world.open([service("a"), model]);
    take(auditor, "a", answer(1, true));
    await auditor.round(never, true);
    take(auditor, "a", answer(2));
    world.log.push(answer(3));
    auditor.logged("m", 1, 0);
    await auditor.alone(() => auditor.forget());
    expect(JSON.stringify([...world.notes])).not.toContain('"n":');
    await auditor.round(never, true);
    expect(world.compared).toEqual([1]);
    const told = auditor
      .targets()
      .map(({ examples, different, dropped, unverifiable }) => [examples, different, dropped, unverifiable]);
    expect(told).toEqual([
      [[], 1, 0, 1],
      [[], 0, 0, 1],
    ]);
    const later = await world.open([service("a"), model]);
    expect(later.targets().map(({ unverifiable }) => unverifiable)).toEqual([1, 1]);
    take(auditor, "a", answer(4));
    await auditor.round(never, true);
    expect(world.compared).toEqual([1, 4]);
  });

  test("counts predictions of the log that cannot be computed again, each once, and compares the others", async () => {
    const world = new World();
    const auditor = await world.open([model]);
    world.log.push(answer(1), answer(2), answer(3));
    world.erased.add(1).add(3);
    auditor.logged("m", 3, 0);
    await auditor.round(never, true);
    await auditor.round(never, true);
    expect(world.compared).toEqual([2]);
    expect(auditor.targets()).toMatchObject([{ answers: 1, unverifiable: 2, waiting: 0 }]);
  });
});
