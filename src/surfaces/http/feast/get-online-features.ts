import { canonicalRow } from "./canonical-row.ts";
import { mediaTypes } from "../body.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, flag, listOf, mapOf, moment, objectOf, type Schema, text } from "../schema.ts";
import { AsofError } from "../../../core/errors.ts";
import { feastErrors } from "./error-dialect.ts";
import { RequestFields, rowsIn } from "./read-fields.ts";
import { rowsOf } from "./rows.ts";
import { selectFeatures, type Selection, serviceSelections } from "./selection.ts";
import { columnNames, writeAnswer } from "./write-answer.ts";

const request: Schema = {
  type: "object",
  properties: {
    entities: {
      ...mapOf(listOf(anything)),
      description: "the keys, column by column; columns unknown here are passed over",
    },
    features: { ...listOf(text), description: "each as `view:feature`; passed over where a service is named" },
    feature_service: { type: ["string", "null"], description: "the service whose features are asked for" },
    full_feature_names: { ...flag, description: "`view__feature` in place of `feature`" },
    include_feature_view_version_metadata: { ...flag, description: "names the views in the metadata" },
  },
  required: ["entities"],
};

const answer: Schema = objectOf({
  metadata: objectOf({ feature_names: listOf(text), feature_view_metadata: listOf(objectOf({ name: text })) }, [
    "feature_view_metadata",
  ]),
  results: {
    ...listOf(
      objectOf({
        values: listOf(anything),
        statuses: listOf({ enum: ["PRESENT", "NULL_VALUE", "NOT_FOUND", "OUTSIDE_MAX_AGE"] }),
        event_timestamps: listOf({ ...moment, description: "1970-01-01T00:00:00Z where there is none" }),
      }),
    ),
    description: "column by column: `results[i]` belongs to `metadata.feature_names[i]`, keys first",
  },
});

/** Features for Feast's clients, now. */
export function getOnlineFeaturesRoute({ store, maxRows }: RouteContext): Route {
  const ofService = serviceSelections(store);
  return {
    method: "POST",
    path: "/get-online-features",
    id: "feastGetOnlineFeatures",
    access: { scope: "read", names: "in the request" },
    anywhere: true,
    summary: "Answers with features as Feast's feature server does, column by column.",
    names: null,
    query: {},
    shapes: { body: { [mediaTypes.json]: request }, answer },
    errors: [
      "ASOF_UNKNOWN_SERVICE",
      "ASOF_UNKNOWN_VIEW",
      "ASOF_UNKNOWN_FEATURE",
      "ASOF_NAME_COLLISION",
      "ASOF_DEFINITION",
      "ASOF_JSON",
      "ASOF_REQUEST",
      "ASOF_MISSING_KEY",
      "ASOF_TYPE",
      "ASOF_TIMESTAMP",
      "ASOF_NOT_FINITE",
      "ASOF_OVERFLOW",
      "ASOF_STRING",
      "ASOF_ON_DEMAND",
      "ASOF_NOT_MATERIALIZED",
    ],
    dialect: feastErrors,
    async handle({ body, caller }) {
      const fields = new RequestFields(body);
      const service = fields.text("feature_service");
      // As Feast has it, an empty name is none.
      const unnamed = service === null || service === "";
      caller.mustReach("read", unnamed ? null : "service", service ?? "");
      const selection = unnamed ? selectFeatures(store, fields.texts("features") ?? []) : ofService(service);
      const naming = {
        full: fields.flag("full_feature_names"),
        views: fields.flag("include_feature_view_version_metadata"),
      };
      const columns = fields.columns("entities");
      const names = columnNames(selection, [...columns.keys()], naming.full);
      mustHaveInputs(selection, columns);
      if (rowsIn(columns) > maxRows)
        throw new AsofError(
          "ASOF_REQUEST",
          `there are ${rowsIn(columns)} rows: at most ${maxRows} are answered at once`,
          {
            rows: rowsIn(columns),
            limit: maxRows,
          },
        );
      const known = (column: string): string | null => (Object.hasOwn(selection.inputs, column) ? column : null);
      const rows = rowsOf(columns, selection.inputs, known).map((row, i) => canonicalRow(selection, row, i));
      const answers = rows.length === 0 ? [] : await selection.read(rows);
      return writeAnswer(selection, names, rows, answers, naming);
    },
  };
}

function mustHaveInputs({ inputs }: Selection, columns: ReadonlyMap<string, unknown>): void {
  const missing = Object.keys(inputs).filter((name) => !columns.has(name));
  if (missing.length === 0) return;
  const given = [...columns.keys()].join(", ") || "nothing";
  throw new AsofError("ASOF_MISSING_KEY", `\`entities\` must have ${missing.join(", ")}; it has ${given}`, {
    fields: missing,
  });
}
