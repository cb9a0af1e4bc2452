import type { SourceDefinition } from "../../../core/definition/data.ts";
import { AsofError } from "../../../core/errors.ts";
import { mediaTypes } from "../body.ts";
import { definitionOf } from "../feature-types.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, listOf, mapOf, type Schema, text } from "../schema.ts";
import { feastErrors } from "./error-dialect.ts";
import { RequestFields } from "./read-fields.ts";
import { rowsOf } from "./rows.ts";
import { sourceColumn } from "./source-column.ts";
import { done, writeErrors, writeRecords } from "./write-records.ts";

const TO = ["online", "offline", "online_and_offline"];

const request: Schema = {
  type: "object",
  properties: {
    push_source_name: { ...text, description: "the source" },
    df: { ...mapOf(listOf(anything)), description: "the records, column by column" },
    to: { enum: TO, description: "accepted as Feast has it; both stores have the same records here" },
  },
  required: ["push_source_name", "df"],
};

/** Records in, as Feast's clients push them. */
export function pushRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/push",
    id: "feastPush",
    access: { scope: "ingest", names: "in the request" },
    summary: "Accepts records of a source, as Feast's feature server does. They can be read when it answers.",
    names: null,
    query: {},
    shapes: { body: { [mediaTypes.json]: request }, answer: done },
    errors: ["ASOF_UNKNOWN_SOURCE", ...writeErrors],
    dialect: feastErrors,
    async handle({ body, caller }) {
      const fields = new RequestFields(body);
      const name = fields.needText("push_source_name");
      caller.mustReach("ingest", "source", name);
      const to = fields.text("to") ?? "online";
      const source: SourceDefinition = definitionOf(store, "source", name);
      if (!TO.includes(to))
        throw new AsofError("ASOF_REQUEST", `\`to\` must be ${TO.join(", ")}, not ${to}`, { field: "to" });
      const rows = rowsOf(fields.columns("df"), source.fields, (column) => sourceColumn(source, column));
      return writeRecords(store, name, rows);
    },
  };
}
