import fc from "fast-check";
import { expect, test } from "vitest";
import { layoutOf, levelStart } from "../tile/view-layout.ts";
import { DAY, HOUR, MINUTE } from "../time/timestamp.ts";
import { answerableFrom } from "./answerable-from.ts";
import type { ServicePlan } from "./service-plan.ts";

test("no window reaches back to what was dropped from that moment on, and one does just before", () => {
  const hop = fc.constantFrom(MINUTE, 5 * MINUTE, HOUR, DAY);
  const window = fc
    .record({ hop, hops: fc.integer({ min: 1, max: 40 }), offsets: fc.integer({ min: 0, max: 5 }) })
    .map(({ hop, hops, offsets }) => ({ length: hop * hops, hop, offset: hop * offsets }));
  const view = fc.array(window, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(view, fc.integer({ min: -3, max: 20_000 }), (windows, day) => {
      const features = windows.map((window, i) => {
        const aggregation = { kind: "count" } as const;
        return { name: `n${i}`, aggregation, of: null, where: null, window };
      });
      const data = { kind: "aggregateView", name: "v", source: "s", entity: "e", keys: {}, features } as const;
      const layout = layoutOf(data, {});
      const plan = { aggregates: [{ source: { name: "s" }, layout }] } as unknown as ServicePlan;
      const horizon = day * DAY;
      const from = answerableFrom(plan, { s: { horizon } })!;
      const start = (t: number): number => Math.min(...layout.levels.map((level) => levelStart(level, t)));
      expect(start(from)).toBeGreaterThanOrEqual(horizon);
      expect(start(from - 1)).toBeLessThan(horizon);
      expect(answerableFrom(plan, { other: { horizon } })).toBe(null);
    }),
  );
});
