import type { IngestOutcome } from "../../../core/result/outcomes.ts";
import type { IngestOptions } from "../../../core/result/store.ts";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import { definitionOf } from "../feature-types.ts";
import { readRecords } from "../read-records.ts";
import type { Route, RouteContext } from "../route.ts";
import { rowReader } from "../row-reader.ts";
import { anyValue, count, inputRow, mapOf, moment, objectOf, text } from "../schema.ts";
import { bodyOf, named, waitQuery, written } from "./records.ts";

const answer = objectOf({
  source: text,
  accepted: { ...count, description: "records newly taken" },
  duplicates: {
    ...count,
    description: "records known already, by the source's `id` or by the request's idempotency key",
  },
  position: {
    ...count,
    description:
      "the log position of the first that was newly taken; without one that of the request's first time, or the log's end",
  },
  stamp: { ...moment, description: "the arrival of the first; each later one arrived 1 µs after the one before it" },
});

/** Records in: acknowledged when they are on disk, all of them or none. */
export function eventsRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/events/{source}",
    id: "postEvents",
    access: { scope: "ingest" },
    often: true,
    summary: "Accepts records of a source. The answer means that they are on disk: all of them, or none.",
    names: { parameter: "source", kind: "source" },
    query: waitQuery,
    headers: {
      "idempotency-key": {
        description:
          "names the request: sent again within the source's `dedupe` time, with the same records, it changes nothing",
        schema: { type: "string", minLength: 1, maxLength: 255 },
      },
    },
    shapes: { body: bodyOf(mapOf(anyValue)), answer },
    shapesOf: (name) => {
      const { fields, defaults } = definitionOf(store, "source", name);
      return { body: bodyOf(inputRow(fields, defaults)), answer };
    },
    errors: [
      "ASOF_UNKNOWN_SOURCE",
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
    handle({ name, query, headers, body }) {
      const { fields } = definitionOf(store, "source", name);
      const records = readRecords(body, rowReader(fields));
      const key = headers["idempotency-key"];
      const options = key === undefined ? NO_OPTIONS : { idempotencyKey: key };
      return written(store, query, named(body, records.length, store.ingest(name, records, options)), writeAccepted);
    },
  };
}

const NO_OPTIONS: IngestOptions = {};

/** As `writeJson` would: source and numbers need no more. */
function writeAccepted({ source, accepted, duplicates, position, stamp }: IngestOutcome): string {
  return `{"source":${JSON.stringify(source)},"accepted":${accepted},"duplicates":${duplicates},"position":${position},"stamp":"${formatTimestamp(stamp)}"}`;
}
