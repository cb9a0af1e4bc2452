import { AsofError } from "../../../core/errors.ts";
import type { CorrectOutcome, IngestOutcome, RetractOutcome } from "../../../core/result/outcomes.ts";
import { formatTimestamp } from "../../../core/time/timestamp.ts";
import type { Store } from "../../../store.ts";
import { type Body, mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route } from "../route.ts";
import { listOf, type Schema } from "../schema.ts";

/** What the routes that take records of a source have in common. */
export const waitQuery: Route["query"] = {
  wait: {
    description: "`applied` answers once it is in the online store",
    schema: { enum: ["applied"] },
  },
};

export function bodyOf(record: Schema): Readonly<Record<string, Schema>> {
  return {
    [mediaTypes.json]: { anyOf: [record, listOf(record, { minItems: 1 })] },
    [mediaTypes.ndjson]: { type: "string", description: "one record a line, as JSON" },
  };
}

/** The outcome as JSON, once it is where the request wants it. */
export function written<T extends IngestOutcome | RetractOutcome | CorrectOutcome>(
  store: Store,
  query: Readonly<Record<string, string>>,
  outcome: Promise<T>,
  write: (outcome: T) => string = writeOutcome,
): Promise<string> {
  const wanted = query["wait"] === "applied" ? applied(store, outcome) : outcome;
  return wanted.then(write);
}

async function applied<T>(store: Store, outcome: Promise<T>): Promise<T> {
  const done = await outcome;
  await store.settled();
  return done;
}

function writeOutcome(outcome: IngestOutcome | RetractOutcome | CorrectOutcome): string {
  return writeJson({ ...outcome, stamp: formatTimestamp(outcome.stamp) });
}

/** Names the line where the body has lines. */
export function named<T>(body: Body, records: number, outcome: Promise<T>): Promise<T> {
  if (body.language !== "ndjson") return outcome;
  return outcome.catch((error: unknown) => {
    throw withLine(error, records);
  });
}

/** The store counts records from 0; people count the lines of a file from 1. */
function withLine(error: unknown, records: number): unknown {
  if (!(error instanceof AsofError) || (error.status !== 400 && error.code !== "ASOF_ID_CONFLICT")) return error;
  const { record = records === 1 ? 0 : null, ...details } = error.details;
  if (typeof record !== "number") return error;
  const message = error.message.replace(/^record \d+: /, "");
  return new AsofError(error.code, `line ${record + 1}: ${message}`, { ...details, line: record + 1 }, error);
}
