import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SharedOrAlone } from "./shared-or-alone.ts";

test("what is alone meets nothing, and turns are taken in the order of the calls", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ alone: fc.boolean(), fails: fc.boolean() })), async (calls) => {
      const turns = new SharedOrAlone();
      const running = new Set<number>();
      const ended: number[] = [];
      const work = (i: number) => async (): Promise<number> => {
        if (calls[i].alone) expect(running.size).toBe(0);
        for (const other of running) expect(calls[other].alone).toBe(false);
        for (let before = 0; before < i; before++)
          if (calls[before].alone || calls[i].alone) expect(ended).toContain(before);
        running.add(i);
        await sleep(0);
        running.delete(i);
        ended.push(i);
        if (calls[i].fails) throw new Error("failed");
        return i;
      };
      const results = await Promise.allSettled(
        calls.map(({ alone }, i) => (alone ? turns.alone(work(i)) : turns.shared(work(i)))),
      );
      results.forEach((result, i) => expect(result.status).toBe(calls[i].fails ? "rejected" : "fulfilled"));
    }),
    { numRuns: 50 },
  );
});
