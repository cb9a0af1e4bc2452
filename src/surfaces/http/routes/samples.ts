import { definitionOf } from "../feature-types.ts";
import { howMany } from "../how-many.ts";
import { writeJson } from "../json/write-json.ts";
import { legible } from "../legible.ts";
import { withMoments } from "../moments.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, count, listOf, mapOf, moment, objectOf, orNull, outputRow, type Schema, text } from "../schema.ts";

const ROWS = 10;
const rows = howMany("rows", 100);

const answerOf = (row: Schema): Schema =>
  objectOf({
    source: text,
    records: listOf(
      objectOf({
        row,
        event: { ...moment, description: "when it happened" },
        available: { ...moment, description: "when it could be known" },
        withdrawn: orNull(moment),
        position: { ...count, description: "its place in the log, or that of the load it came with" },
      }),
    ),
  });

/** Some records of a source, to see what is in it. */
export function samplesRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/v1/samples/{source}",
    id: "getSamples",
    access: { scope: "read" },
    summary: "Shows a sample of the records of a source, the newest first.",
    names: { parameter: "source", kind: "source" },
    query: {
      rows: rows.declared,
    },
    shapes: { body: null, answer: answerOf(mapOf(anything)) },
    shapesOf: (name) => ({ body: null, answer: answerOf(outputRow(definitionOf(store, "source", name).fields)) }),
    errors: ["ASOF_UNKNOWN_SOURCE", "ASOF_REQUEST"],
    async handle({ name, query }) {
      const { fields } = definitionOf(store, "source", name);
      const records = await store.history(name, { sample: rows.read(query) ?? ROWS, seed: 1 });
      return writeJson({
        source: name,
        records: records
          .toSorted((a, b) => b.event - a.event)
          .map((one) => ({
            ...withMoments(one, "event", "available", "withdrawn"),
            row: Object.fromEntries(
              Object.entries(one.row).map(([field, value]) => [field, legible(value, fields[field])]),
            ),
          })),
      });
    },
  };
}
