import { expect, test } from "vitest";
import { aggregateView } from "../definition/aggregate-view.ts";
import { catalogOf } from "../definition/catalog.ts";
import type { ViewUseDefinition } from "../definition/data.ts";
import { entity } from "../definition/entity.ts";
import { eventSource } from "../definition/event-source.ts";
import { count } from "../definition/numeric-aggregates.ts";
import { onDemandView } from "../definition/on-demand-view.ts";
import { t } from "../schema/data-type.ts";
import { unnamedService } from "./unnamed-service.ts";

const source = eventSource("events", {
  fields: { at: t.timestamp(), text: t.string(), number: t.int64() },
  eventTime: "at",
});
const byText = entity("by_text", { id: t.string() });
const byNumber = entity("by_number", { id: t.int64() });
const features = { events: count().over("1d") };
const texts = aggregateView("texts", { source, entity: byText.from({ id: "text" }), features });
const numbers = aggregateView("numbers", { source, entity: byNumber.from({ id: "number" }), features });
const twice = onDemandView("twice", {
  input: { x: t.float64() },
  features: { y: t.float64() },
  compute: ({ x }) => ({ y: 2 * x }),
});
const catalog = catalogOf([source, byText, byNumber, texts, numbers, twice]);

const use = (view: string, key: string, input = key): ViewUseDefinition => ({
  view,
  alias: view,
  inputs: { [key]: input },
  features: null,
});

test("asks for the keys and inputs of its views, under the names given", () => {
  const { inputs, uses } = unnamedService(catalog, [
    use("texts", "id", "word"),
    use("numbers", "id"),
    use("twice", "x"),
  ]);
  expect(inputs).toEqual({ word: t.string(), id: t.int64(), x: t.float64() });
  expect(uses.map(({ alias }) => alias)).toEqual(["texts", "numbers", "twice"]);
});

test("is refused where an input would be of two types, and for views that there are not", () => {
  const refused = (...uses: ViewUseDefinition[]): unknown => {
    try {
      return unnamedService(catalog, uses);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(refused(use("texts", "id"), use("numbers", "id"))).toBe("ASOF_DEFINITION");
  expect(refused(use("nothing", "id"))).toBe("ASOF_UNKNOWN_VIEW");
});
