import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RegistryStore, Run } from "../../src/ports/registry-store.ts";
import { definitionOf, fileOf, modelOf } from "./registry-store-samples.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

const GREATEST = Number.MAX_SAFE_INTEGER;

/** What the registry promises to one process. */
export function behaviour(subject: RegistryStoreUnderTest): void {
  describe("behaviour", () => {
    let place: string;
    let registry: RegistryStore;
    beforeEach(async () => {
      place = await subject.makePlace();
      registry = await subject.open(place);
    });
    afterEach(async () => {
      await registry.close();
      await subject.removePlace(place);
    });

    describe("erasure", () => {
      test("texts are redacted in the details of runs, and nowhere else", async () => {
        const run = { kind: "load", target: "ann", startedAt: 1, location: "offline store" } as const;
        const outcome = { endedAt: 2, seconds: 1, state: "failed", rows: null, bytes: null } as const;
        for (const details of ['{"message":"ann is no int32, ann"}', '{"message":"anna"}', '{"rows":1}'])
          await registry.finishRun(await registry.startRun(run), { ...outcome, details });
        expect(await registry.redact(["ann is", "none", ""])).toBe(1);
        expect((await registry.runs()).map(({ details, target }) => [details, target])).toEqual([
          ['{"rows":1}', "ann"],
          ['{"message":"anna"}', "ann"],
          ['{"message":"(forgotten) no int32, ann"}', "ann"],
        ]);
      });

      test("a rewrite changes nothing that can be read", async () => {
        await registry.setNote("name", "first");
        await registry.setNote("name", "second");
        await registry.apply(0, [definitionOf("a")], 1);
        await Promise.all([registry.rewrite(), registry.setNote("other", "third")]);
        expect(await registry.note("name")).toBe("second");
        expect(await registry.note("other")).toBe("third");
        expect(await registry.revision()).toMatchObject({ revision: 1 });
      });
    });

    describe("definitions", () => {
      const [a, b, b2, c] = [definitionOf("a"), definitionOf("b"), definitionOf("b", "2"), definitionOf("c")];

      test("an apply replaces all and counts up; before the first there is revision 0", async () => {
        expect(await registry.revision()).toEqual({ revision: 0, appliedAt: null, definitions: [] });
        expect(await registry.apply(0, [b, a], -GREATEST)).toEqual({
          revision: 1,
          appliedAt: -GREATEST,
          definitions: [b, a],
        });
        expect(await registry.apply(1, [c, b2], GREATEST)).toEqual({
          revision: 2,
          appliedAt: GREATEST,
          definitions: [c, b2],
        });
        expect(await registry.apply(2, [], 7)).toEqual({ revision: 3, appliedAt: 7, definitions: [] });
        expect(await registry.apply(3, [b, a], 8)).toMatchObject({ revision: 4, definitions: [b, a] });
        expect(await registry.revision()).toEqual({ revision: 4, appliedAt: 8, definitions: [b, a] });
      });

      test("an apply that expects another revision changes nothing", async () => {
        await registry.apply(0, [a], 1);
        for (const expected of [0, 2])
          await expect(registry.apply(expected, [c], 2)).rejects.toMatchObject({
            code: "ASOF_APPLY_CONFLICT",
            details: { expected, revision: 1 },
          });
        expect(await registry.revision()).toEqual({ revision: 1, appliedAt: 1, definitions: [a] });
        expect(await registry.byFingerprint(c.fingerprint)).toBe(null);
      });

      test("applying what is there changes nothing, in whatever order and whatever it expects", async () => {
        expect(await registry.apply(0, [], 1)).toEqual({ revision: 0, appliedAt: null, definitions: [] });
        const first = await registry.apply(0, [a, b], 1);
        for (const expected of [1, 0]) expect(await registry.apply(expected, [b, a], 2)).toEqual(first);
        expect(await registry.apply(1, [b2, a], 3)).toMatchObject({ revision: 2 });
      });

      test("every definition ever applied is listed once", async () => {
        expect(await registry.everApplied()).toEqual([]);
        await registry.apply(0, [a, b], 1);
        await registry.apply(1, [c, b2], 2);
        await registry.apply(2, [a], 3);
        const names = (await registry.everApplied()).map(({ json }) => json);
        expect(names.sort()).toEqual([a, b, b2, c].map(({ json }) => json).sort());
      });

      test("every definition ever applied is found by its fingerprint", async () => {
        await registry.apply(0, [a, b], 1);
        await registry.apply(1, [b2], 2);
        for (const definition of [a, b, b2])
          expect(await registry.byFingerprint(definition.fingerprint)).toEqual(definition);
        expect(await registry.byFingerprint("")).toBe(null);
      });

      test("a definition given twice is our fault, and changes nothing", async () => {
        for (const twice of [
          [a, a],
          [b, b2],
        ])
          await expect(registry.apply(0, twice, 1)).rejects.toThrow("internal error");
        expect((await registry.revision()).revision).toBe(0);
      });
    });

    describe("runs", () => {
      const outcome = {
        endedAt: 20,
        seconds: 0.25,
        state: "succeeded",
        rows: 3,
        bytes: 99,
        details: '{"a":1}',
      } as const;

      test("a run is running until it is finished", async () => {
        const started = { kind: "load", target: "flights", startedAt: -GREATEST, location: "offline store" } as const;
        const id = await registry.startRun(started);
        const empty = { endedAt: null, seconds: null, rows: null, bytes: null };
        expect(await registry.runs()).toEqual([{ ...started, ...empty, id, state: "running", details: "{}" }]);
        await registry.finishRun(id, { ...outcome, endedAt: GREATEST, bytes: GREATEST });
        const finished: Run = { ...started, ...outcome, id, endedAt: GREATEST, bytes: GREATEST };
        expect(await registry.runs()).toEqual([finished]);
        await expect(registry.finishRun(id, outcome)).rejects.toThrow("internal error");
        await expect(registry.finishRun(id + 1, outcome)).rejects.toThrow("internal error");
        expect(await registry.runs()).toEqual([finished]);
      });

      test("runs are listed newest first, by kind, target and number", async () => {
        const ids: number[] = [];
        for (const [kind, target] of [
          ["load", "a"],
          ["load", "b"],
          ["train", "b"],
          ["load", "b"],
        ] as const)
          ids.push(await registry.startRun({ kind, target, startedAt: 0, location: "x" }));
        expect(new Set(ids).size).toBe(4);
        const listed = async (filter?: Parameters<RegistryStore["runs"]>[0]): Promise<number[]> =>
          (await registry.runs(filter)).map(({ id }) => ids.indexOf(id));
        expect(await listed()).toEqual([3, 2, 1, 0]);
        expect(await listed({ limit: 2 })).toEqual([3, 2]);
        expect(await listed({ kind: "load" })).toEqual([3, 1, 0]);
        expect(await listed({ kind: "load", target: "b", limit: 1 })).toEqual([3]);
        expect(await listed({ target: "c" })).toEqual([]);
      });
    });

    describe("offline files", () => {
      test("a change adds, removes and moves the marks, and those never step back", async () => {
        expect(await registry.offlineView()).toEqual({ state: { archived: 0, applied: 0 }, files: [] });
        const [a, b] = [fileOf("a"), fileOf("b", { position: 5, end: 9, kind: "archive" })];
        await registry.changeFiles({ add: [b, a], remove: [], archived: 9, applied: 3 });
        expect(await registry.offlineView()).toEqual({ state: { archived: 9, applied: 3 }, files: [a, b] });
        const a2 = fileOf("a", { rows: 11 });
        await registry.changeFiles({ add: [a2], remove: ["a"], archived: 4 });
        await registry.changeFiles({ add: [], remove: [], applied: 7 });
        await registry.changeFiles({ add: [], remove: [], applied: 6 });
        expect(await registry.offlineState()).toEqual({ archived: 9, applied: 7 });
        expect(await registry.files()).toEqual([a2, b]);
      });

      test("files are listed by position, then path; of one stream; and below a cut", async () => {
        const files = [
          fileOf("z", { position: 0, minEvent: -GREATEST, maxEvent: GREATEST, bytes: GREATEST }),
          fileOf("é", { position: 4, stream: "weather" }),
          fileOf("b/1", { position: 10 }),
          fileOf("b/2", { position: 10, stream: "weather" }),
          fileOf("a", { position: 11 }),
        ];
        await registry.changeFiles({ add: files.toReversed(), remove: [] });
        expect(await registry.files()).toEqual(files);
        const paths = async (stream?: string, cut?: number): Promise<string[]> =>
          (await registry.files(stream, cut)).map(({ path }) => path);
        expect(await paths("weather")).toEqual(["é", "b/2"]);
        expect(await paths(undefined, 10)).toEqual(["z", "é"]);
        expect(await paths("flights", 11)).toEqual(["z", "b/1"]);
        expect(await paths("flights", 0)).toEqual([]);
        expect((await registry.offlineView("flights")).files.map(({ path }) => path)).toEqual(["z", "b/1", "a"]);
      });

      test("a change that cannot be made whole is not made at all", async () => {
        const a = fileOf("a");
        await registry.changeFiles({ add: [a], remove: [], archived: 1 });
        for (const change of [
          { add: [fileOf("b"), a], remove: [] },
          { add: [fileOf("b")], remove: ["a", "never there"] },
          { add: [fileOf("b"), fileOf("c", { maxEvent: 0.5 })], remove: ["a"] },
        ])
          await expect(registry.changeFiles({ ...change, archived: 5, applied: 5 })).rejects.toThrow();
        expect(await registry.offlineView()).toEqual({ state: { archived: 1, applied: 0 }, files: [a] });
      });
    });

    describe("models", () => {
      test("versions of a model count from 1, each model by itself", async () => {
        expect(await registry.addModel(modelOf("delay", "aa"))).toBe(1);
        expect(await registry.addModel(modelOf("delay", "bb"))).toBe(2);
        expect(await registry.addModel(modelOf("cancelled", "cc"))).toBe(1);
        const all = [
          { ...modelOf("cancelled", "cc"), version: 1, promotedAt: null },
          { ...modelOf("delay", "aa"), version: 1, promotedAt: null },
          { ...modelOf("delay", "bb"), version: 2, promotedAt: null },
        ];
        expect(await registry.models()).toEqual(all);
        expect(await registry.models("delay")).toEqual(all.slice(1));
        expect(await registry.models("none")).toEqual([]);
      });

      test("the version that serves is the one promoted last, whatever the clock said", async () => {
        await registry.addModel(modelOf("delay"));
        await registry.addModel(modelOf("delay"));
        expect(await registry.promoted("delay")).toBe(null);
        await registry.promote("delay", 2, 100);
        await registry.promote("delay", 1, 90);
        expect(await registry.promoted("delay")).toMatchObject({ version: 1, promotedAt: 90 });
        await registry.promote("delay", 2, 80);
        expect(await registry.promoted("delay")).toEqual({ ...modelOf("delay"), version: 2, promotedAt: 80 });
        expect((await registry.models("delay")).map(({ promotedAt }) => promotedAt)).toEqual([90, 80]);
      });

      test("two versions may be tried out beside the one that serves, each in one role", async () => {
        for (let i = 0; i < 4; i++) await registry.addModel(modelOf("delay"));
        const refused = { code: "ASOF_NO_MODEL", details: { model: "delay" } };
        const shadow = (version: number) => registry.tryOut("delay", "shadow", { version, share: null }, 5);
        const canary = (version: number, share: number) => registry.tryOut("delay", "canary", { version, share }, 5);
        const serving = async () => {
          const { current, canary, shadow } = await registry.serving("delay");
          return [current?.version, canary?.version.version, canary?.share, shadow?.version];
        };
        expect(await serving()).toEqual([undefined, undefined, undefined, undefined]);
        await expect(shadow(2)).rejects.toMatchObject(refused);
        await registry.promote("delay", 1, 5);
        await shadow(2);
        await canary(3, 0.1);
        expect(await serving()).toEqual([1, 3, 0.1, 2]);
        await shadow(4);
        await canary(3, 1);
        expect(await serving()).toEqual([1, 3, 1, 4]);
        // From one role to the other it moves.
        await canary(4, 0.5);
        expect(await serving()).toEqual([1, 4, 0.5, undefined]);
        await expect(shadow(1)).rejects.toMatchObject({ code: "ASOF_MODEL_ROLE" });
        await expect(canary(5, 0.5)).rejects.toMatchObject({ code: "ASOF_UNKNOWN_MODEL_VERSION" });
        for (const share of [0, 1.5]) await expect(canary(3, share)).rejects.toThrow();
        await shadow(2);
        expect(await serving()).toEqual([1, 4, 0.5, 2]);
        // Promoted, it is on trial no more; the other one still is.
        await registry.promote("delay", 4, 6);
        expect(await serving()).toEqual([4, undefined, undefined, 2]);
        await registry.tryOut("delay", "shadow", null, 7);
        await registry.tryOut("delay", "shadow", null, 7);
        await registry.tryOut("none", "canary", null, 7);
        expect(await serving()).toEqual([4, undefined, undefined, undefined]);
        expect(await registry.serving("none")).toEqual({ current: null, canary: null, shadow: null });
      });

      test("a version that is not there cannot be promoted", async () => {
        await registry.addModel(modelOf("delay"));
        await expect(registry.promote("delay", 2, 1)).rejects.toMatchObject({
          code: "ASOF_UNKNOWN_MODEL_VERSION",
          details: { model: "delay", version: 2 },
        });
        expect(await registry.promoted("delay")).toBe(null);
      });
    });

    test("a note is what was set last, any string", async () => {
      expect(await registry.note("reserve")).toBe(null);
      for (const value of ["1", "", "zwei\u0000\n🛫", "9".repeat(100_000)]) {
        await registry.setNote("reserve", value);
        expect(await registry.note("reserve")).toBe(value);
      }
      expect(await registry.note("Reserve")).toBe(null);
    });

    test("everything is there when the registry is opened anew", async () => {
      await registry.apply(0, [definitionOf("a")], 1);
      await registry.changeFiles({ add: [fileOf("a")], remove: [], archived: 3, applied: 2 });
      await registry.addModel(modelOf("delay"));
      await registry.addModel(modelOf("delay"));
      await registry.promote("delay", 1, 2);
      await registry.tryOut("delay", "canary", { version: 2, share: 0.1 }, 3);
      await registry.setNote("n", "v");
      await registry.startRun({ kind: "serve", target: "s", startedAt: 1, location: "l" });
      const state = async (): Promise<unknown[]> => [
        await registry.revision(),
        await registry.offlineView(),
        await registry.serving("delay"),
        await registry.note("n"),
        await registry.runs(),
      ];
      const before = await state();
      await registry.close();
      registry = await subject.open(place);
      expect(await state()).toEqual(before);
    });

    test("two openings in one process, and many callers at once, see one registry", async () => {
      const other = await subject.open(place);
      try {
        await Promise.all(
          Array.from({ length: 60 }, (_, i) => (i % 2 ? other : registry).addModel(modelOf("delay", String(i)))),
        );
        expect((await registry.models()).map(({ version }) => version)).toEqual(
          Array.from({ length: 60 }, (_, i) => i + 1),
        );
      } finally {
        await other.close();
      }
    });

    test("after close everything is refused, and close is idempotent", async () => {
      await registry.close();
      await registry.close();
      const uses: (() => Promise<unknown>)[] = [
        () => registry.revision(),
        () => registry.apply(0, [], 1),
        () => registry.byFingerprint(""),
        () => registry.startRun({ kind: "load", target: "", startedAt: 1, location: "" }),
        () => registry.runs(),
        () => registry.offlineState(),
        () => registry.files(),
        () => registry.offlineView(),
        () => registry.changeFiles({ add: [], remove: [] }),
        () => registry.addModel(modelOf("delay")),
        () => registry.models(),
        () => registry.promote("delay", 1, 1),
        () => registry.promoted("delay"),
        () => registry.note("n"),
        () => registry.setNote("n", ""),
      ];
      for (const use of uses) await expect(use()).rejects.toMatchObject({ code: "ASOF_CLOSED" });
    });
  });
}
