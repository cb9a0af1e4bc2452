import { AsofError } from "../../../core/errors.ts";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import { mediaTypes } from "../body.ts";
import { definitionOf } from "../feature-types.ts";
import { writeJson } from "../json/write-json.ts";
import { readRecords } from "../read-records.ts";
import type { Route, RouteContext } from "../route.ts";
import { rowReader } from "../row-reader.ts";
import { anyValue, count, inputRow, listOf, mapOf, moment, objectOf, type Schema, text } from "../schema.ts";

const answer = objectOf({
  source: text,
  accepted: { ...count, description: "records accepted: all of them" },
  position: { ...count, description: "the log position of the first" },
  stamp: { ...moment, description: "the arrival of the first; each later one arrived 1 µs after the one before it" },
});

function bodyOf(record: Schema): Readonly<Record<string, Schema>> {
  return {
    [mediaTypes.json]: { anyOf: [record, listOf(record, { minItems: 1 })] },
    [mediaTypes.ndjson]: { type: "string", description: "one record a line, as JSON" },
  };
}

/** Records in: acknowledged when they are on disk, all of them or none. */
export function eventsRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/v1/events/{source}",
    id: "postEvents",
    summary: "Accepts records of a source. The answer means that they are on disk: all of them, or none.",
    names: { parameter: "source", kind: "source" },
    query: {
      wait: {
        description: "`applied` answers once the records are in the online store",
        schema: { enum: ["applied"] },
      },
    },
    shapes: { body: bodyOf(mapOf(anyValue)), answer },
    shapesOf: (name) => ({ body: bodyOf(inputRow(definitionOf(store, "source", name).fields)), answer }),
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
      "ASOF_HOME_LOCKED",
    ],
    async handle({ name, query, body }) {
      const { fields } = definitionOf(store, "source", name);
      const records = readRecords(body, rowReader(fields));
      const outcome = await store.ingest(name, records).catch((error: unknown) => {
        throw body.language === "ndjson" ? withLine(error, records.length) : error;
      });
      if (query["wait"] === "applied") await store.settled();
      const { source, accepted, position, stamp } = outcome;
      return writeJson({ source, accepted, position, stamp: formatTimestamp(stamp) });
    },
  };
}

/** The store counts records from 0; people count the lines of a file from 1. */
function withLine(error: unknown, records: number): unknown {
  if (!(error instanceof AsofError) || error.status !== 400) return error;
  const { record = records === 1 ? 0 : null, ...details } = error.details;
  if (typeof record !== "number") return error;
  const message = error.message.replace(/^record \d+: /, "");
  return new AsofError(error.code, `line ${record + 1}: ${message}`, { ...details, line: record + 1 }, error);
}
