import { definitionOf } from "../feature-types.ts";
import { readRecords } from "../read-records.ts";
import type { Route, RouteContext } from "../route.ts";
import { rowReader } from "../row-reader.ts";
import { anyValue, count, inputRow, mapOf, moment, objectOf, text } from "../schema.ts";
import { bodyOf, named, waitQuery, written } from "./records.ts";

const answer = objectOf({
  source: text,
  accepted: { ...count, description: "records newly taken" },
  replaced: { ...count, description: "of these, records that came in the place of another one" },
  waiting: { ...count, description: "of these, records whose original has yet to come, and will not count" },
  duplicates: { ...count, description: "corrections to what is there already" },
  position: { ...count, description: "the log position of the first; the log's end where there was nothing to do" },
  stamp: { ...moment, description: "the arrival of the first; each later one arrived 1 µs after the one before it" },
});

/** Records of a source with an `id` replaced by others of the same ids: all of them or none. */
export function correctionsRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/events/{source}/corrections",
    id: "postCorrections",
    access: { scope: "ingest" },
    summary:
      "Replaces records of a source that declares an `id` by others of the same ids: all of them, or none. A correction is a retraction and a record; sent again it changes nothing.",
    names: { parameter: "source", kind: "source" },
    query: waitQuery,
    shapes: { body: bodyOf(mapOf(anyValue)), answer },
    shapesOf: (name) => {
      const { fields, defaults } = definitionOf(store, "source", name);
      return { body: bodyOf(inputRow(fields, defaults)), answer };
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
      "ASOF_FUTURE",
      "ASOF_REQUEST",
      "ASOF_ID_CONFLICT",
      "ASOF_QUEUE_FULL",
      "ASOF_HOME_LOCKED",
    ],
    handle({ name, query, body }) {
      const { fields } = definitionOf(store, "source", name);
      const records = readRecords(body, rowReader(fields));
      return written(store, query, named(body, records.length, store.correct(name, records)));
    },
  };
}
