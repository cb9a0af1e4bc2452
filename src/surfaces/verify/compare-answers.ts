import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { type Comparison, isEmptyOf, placeOf } from "./compare.ts";
import type { ExpectedAnswer } from "./expected.ts";
import type { Ask } from "./steps.ts";

/** Compares every value, status and event time of answers with what is expected of each. */
export function compareAnswers(
  comparison: Comparison,
  { how, plan, requests }: { readonly how: Ask["how"]; readonly plan: ServicePlan; readonly requests: readonly Row[] },
  answers: readonly FeatureAnswer[],
  expectedOf: (i: number) => ExpectedAnswer,
): void {
  const isEmpty = isEmptyOf(plan);
  const batches = new Set(plan.batches.map(({ alias }) => alias));
  answers.forEach((answer, i) => {
    const expected = expectedOf(i);
    const place = placeOf(how, plan.service.name, requests[i], answer.t);
    for (const name in answer.values) {
      const value = expected.values[name];
      comparison.value(place, name, value, answer.values[name], isEmpty(name, value));
    }
    for (const alias in answer.statuses) {
      const status = expected.statuses[alias];
      // An aggregate view is always present: that it says so counts for nothing.
      const isNothing = status === "PRESENT" && !batches.has(alias);
      comparison.value(place, `status of ${alias}`, status, answer.statuses[alias], isNothing);
      comparison.value(place, `event time of ${alias}`, expected.eventTimes[alias], answer.eventTimes[alias]);
    }
  });
}
