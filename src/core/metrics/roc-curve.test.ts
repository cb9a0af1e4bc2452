import fc from "fast-check";
import { expect, test } from "vitest";
import { areaUnderCurve } from "./area-under-curve.ts";
import { rocCurve } from "./roc-curve.ts";
import { groupByScore } from "./score-groups.ts";

type Scored = readonly [score: number, label: 0 | 1];

const grouped = (rows: readonly Scored[]) =>
  groupByScore(
    Float64Array.from(rows, ([score]) => score),
    Float64Array.from(rows, ([, label]) => label),
  );
const scored = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ min: 0, max: 1, noNaN: true }));
const rows = (maxLength: number) =>
  fc.array(fc.tuple(scored, fc.constantFrom<0 | 1>(0, 1)), { minLength: 1, maxLength });

/** Under the line through the points, by trapezia. */
function areaOf({ positives, negatives, points }: NonNullable<ReturnType<typeof rocCurve>>): number {
  let area = 0;
  let last = { truePositives: 0, falsePositives: 0 };
  for (const point of points) {
    const width = (point.falsePositives - last.falsePositives) / negatives;
    area += (width * (point.truePositives + last.truePositives)) / (2 * positives);
    last = point;
  }
  return area;
}

test("each point counts the rows from its threshold on, and the last all of them", () => {
  fc.assert(
    fc.property(rows(400), (some) => {
      const curve = rocCurve(grouped(some));
      const of = (label: 0 | 1, from: number) => some.filter(([score, own]) => own === label && score >= from).length;
      if (of(0, 0) === 0 || of(1, 0) === 0) {
        expect(curve).toBeNull();
        return;
      }
      for (const { threshold, truePositives, falsePositives } of curve!.points)
        expect([truePositives, falsePositives]).toEqual([of(1, threshold), of(0, threshold)]);
      expect(curve).toMatchObject({ positives: of(1, 0), negatives: of(0, 0) });
      expect(curve!.points.at(-1)).toMatchObject({ truePositives: of(1, 0), falsePositives: of(0, 0) });
      expect(curve).toEqual(rocCurve(grouped(some.toReversed())));
    }),
  );
});

test("where every threshold has a point, the area under them is the AUC", () => {
  fc.assert(
    fc.property(rows(60), (some) => {
      const all: Scored[] = [...some, [0, 0], [1, 1]];
      expect(areaOf(rocCurve(grouped(all))!)).toBeCloseTo(areaUnderCurve(grouped(all)).auc!, 12);
    }),
  );
});

test("many thresholds have at most a hundred points, no further apart than a hundredth of the way and one threshold", () => {
  const many = Array.from({ length: 20_000 }, (_, i): Scored => [i / 20_000, (i * 7919) % 20_000 < i ? 1 : 0]);
  const curve = rocCurve(grouped(many))!;
  expect(curve.points).toHaveLength(100);
  let last = 0;
  for (const { truePositives, falsePositives } of curve.points) {
    const way = (truePositives / curve.positives + falsePositives / curve.negatives) / 2;
    expect(way - last).toBeLessThan(0.01 + 1 / 20_000 + 1e-3);
    last = way;
  }
  expect(areaOf(curve)).toBeCloseTo(areaUnderCurve(grouped(many)).auc!, 3);
});
