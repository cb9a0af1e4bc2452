import { idFields } from "../../../core/codec/retractions.ts";
import { definitionOf } from "../feature-types.ts";
import { readRecords } from "../read-records.ts";
import type { Route, RouteContext } from "../route.ts";
import { rowReader } from "../row-reader.ts";
import { anyValue, count, inputRow, mapOf, moment, objectOf, text } from "../schema.ts";
import { bodyOf, named, waitQuery, written } from "./records.ts";

const answer = objectOf({
  source: text,
  retracted: { ...count, description: "records that are withdrawn" },
  waiting: { ...count, description: "retractions that came before their record and wait for it" },
  duplicates: { ...count, description: "retractions of what was withdrawn already, or waits to be" },
  position: { ...count, description: "the log position of the first; the log's end where there was nothing to do" },
  stamp: { ...moment, description: "from when on the first is known" },
});

/** Records of a source with an `id` withdrawn, by their ids: all of them or none. */
export function retractionsRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/events/{source}/retractions",
    id: "postRetractions",
    access: { scope: "ingest" },
    summary:
      "Withdraws records of a source that declares an `id`, each by the fields of its id: all of them, or none. A second retraction changes nothing; one that comes before its record waits for it.",
    names: { parameter: "source", kind: "source" },
    query: waitQuery,
    shapes: { body: bodyOf(mapOf(anyValue)), answer },
    shapesOf: (name) => {
      const { fields, id } = definitionOf(store, "source", name);
      return { body: bodyOf(id === undefined ? mapOf(anyValue) : inputRow(idFields(fields, id))), answer };
    },
    errors: [
      "ASOF_UNKNOWN_SOURCE",
      "ASOF_NO_ID",
      "ASOF_JSON",
      "ASOF_EMPTY",
      "ASOF_TYPE",
      "ASOF_UNKNOWN_FIELD",
      "ASOF_MISSING_FIELD",
      "ASOF_TIMESTAMP",
      "ASOF_NOT_FINITE",
      "ASOF_OVERFLOW",
      "ASOF_STRING",
      "ASOF_REQUEST",
      "ASOF_QUEUE_FULL",
      "ASOF_HOME_LOCKED",
    ],
    handle({ name, query, body }) {
      const { fields } = definitionOf(store, "source", name);
      const ids = readRecords(body, rowReader(fields));
      return written(store, query, named(body, ids.length, store.retract(name, ids)));
    },
  };
}
