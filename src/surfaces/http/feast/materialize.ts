import { AsofError, type ErrorCode } from "../../../core/errors.ts";
import { formatTimestamp, parseTimestamp, type Timestamp } from "../../../core/time/timestamp.ts";
import type { Store } from "../../../store.ts";
import { mediaTypes } from "../body.ts";
import { viewOf } from "../feature-types.ts";
import type { OneOfAKind } from "../one-of-a-kind.ts";
import type { Route, RouteContext } from "../route.ts";
import { flag, listOf, momentText, orNull, type Schema, text } from "../schema.ts";
import { feastErrors } from "./error-dialect.ts";
import { RequestFields } from "./read-fields.ts";
import { done } from "./write-records.ts";

const views: Schema = { ...orNull(listOf(text)), description: "default: every view" };

const query: Route["query"] = {
  async: { description: "what is asked for is done when it is answered", schema: { enum: ["false"] } },
  force: {
    description: "changes nothing: one request to materialize is under way at a time",
    schema: { enum: ["true", "false"] },
  },
};

const errors: readonly ErrorCode[] = [
  "ASOF_UNKNOWN_VIEW",
  "ASOF_JSON",
  "ASOF_REQUEST",
  "ASOF_TIMESTAMP",
  "ASOF_BATCH_VIEW",
  "ASOF_SQL",
  "ASOF_HOME_LOCKED",
  "ASOF_MEMORY",
  "ASOF_INTERRUPTED",
];

/** Brings views online, as Feast does for a stretch of time. */
export function materializeRoute({ store, work }: RouteContext): Route {
  return {
    method: "POST",
    path: "/materialize",
    id: "feastMaterialize",
    unhurried: true,
    access: { scope: "admin" },
    summary: "Computes batch views and brings views online. All of history is taken, whatever the times.",
    names: null,
    query,
    shapes: {
      body: {
        [mediaTypes.json]: {
          type: "object",
          properties: {
            start_ts: orNull(momentText),
            end_ts: orNull(momentText),
            feature_views: views,
            disable_event_timestamp: flag,
          },
        },
      },
      answer: done,
    },
    errors,
    dialect: feastErrors,
    async handle({ body }) {
      const fields = new RequestFields(body);
      if (!fields.flag("disable_event_timestamp")) {
        const [from, until] = [timeOf(fields, "start_ts"), timeOf(fields, "end_ts")];
        if (from >= until)
          throw new AsofError(
            "ASOF_REQUEST",
            `\`start_ts\` (${formatTimestamp(from)}) must be before \`end_ts\` (${formatTimestamp(until)})`,
            { field: "start_ts" },
          );
      }
      return materialize(store, work, fields);
    },
  };
}

/** Brings what is new online, as Feast does up to a time. */
export function materializeIncrementalRoute({ store, work }: RouteContext): Route {
  return {
    method: "POST",
    path: "/materialize-incremental",
    id: "feastMaterializeIncremental",
    unhurried: true,
    access: { scope: "admin" },
    summary: "As /materialize; only what is new is computed by either.",
    names: null,
    query,
    shapes: {
      body: {
        [mediaTypes.json]: {
          type: "object",
          properties: { end_ts: momentText, feature_views: views },
          required: ["end_ts"],
        },
      },
      answer: done,
    },
    errors,
    dialect: feastErrors,
    async handle({ body }) {
      const fields = new RequestFields(body);
      timeOf(fields, "end_ts");
      return materialize(store, work, fields);
    },
  };
}

async function materialize(store: Store, work: OneOfAKind, fields: RequestFields): Promise<string> {
  const version = fields.text("version");
  if (version !== null)
    throw new AsofError("ASOF_REQUEST", "`version` is not known here: views have no versions to choose from", {
      field: "version",
    });
  const named = fields.texts("feature_views");
  const names = named === null || named.length === 0 ? undefined : named;
  const batch = names?.filter((name) => viewOf(store, name).kind === "batchView");
  const computes = batch === undefined || batch.length > 0;
  // Before anything is done, so that what is refused has done nothing.
  await work.run("materialize", async () => {
    if (computes) await work.run("compute", () => store.compute(batch));
    await store.materialize(names);
  });
  return "null";
}

/** @throws ASOF_REQUEST, ASOF_TIMESTAMP */
function timeOf(fields: RequestFields, name: string): Timestamp {
  try {
    return parseTimestamp(fields.needText(name));
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== "ASOF_TIMESTAMP") throw error;
    throw new AsofError(error.code, `\`${name}\`: ${error.message}`, { ...error.details, field: name }, error);
  }
}
