import fc from "fast-check";
import { expect, test } from "vitest";
import { scenario, scenarioFields, scenarioKeys } from "../../../test/oracle/generators.ts";
import { KeyHistory } from "./key-history.ts";
import { naiveKey, naiveView } from "./naive.ts";

test("what is asked often of one key is answered as by the naive oracle, with the loads below a position", () => {
  const kinds = ["count", "sum", "min", "topK", "last", "lastN"] as const;
  fc.assert(
    fc.property(
      scenario({ kinds, withdrawals: true }),
      fc.array(fc.option(fc.nat(3)), { minLength: 40, maxLength: 40 }),
      fc.nat(4),
      ({ view, records, moments }, loads, until) => {
        const [key] = scenarioKeys;
        const history = new KeyHistory(view, scenarioFields);
        const loaded = records.map((record, i) => ({ ...record, load: loads[i] }));
        for (const record of naiveKey(view, loaded, key)) history.add(record as (typeof loaded)[number]);
        const there = loaded.filter(({ load }) => load === null || load < until);
        for (const t of moments)
          expect(history.answer(t, until)).toStrictEqual(naiveView(view, scenarioFields, there, key, t));
      },
    ),
    { numRuns: 200 },
  );
});
