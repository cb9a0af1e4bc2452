import type { SourceDefinition, ViewDefinition } from "../../../core/definition/data.ts";
import { AsofError } from "../../../core/errors.ts";
import type { Store } from "../../../store.ts";
import { mediaTypes } from "../body.ts";
import { definitionOf, viewOf } from "../feature-types.ts";
import type { Route, RouteContext } from "../route.ts";
import { anything, listOf, mapOf, type Schema, text } from "../schema.ts";
import { feastErrors } from "./error-dialect.ts";
import { type LatestView, latestView } from "./latest-view.ts";
import { RequestFields } from "./read-fields.ts";
import { rowsOf } from "./rows.ts";
import { sourceColumn } from "./source-column.ts";
import { done, writeErrors, writeRecords } from "./write-records.ts";

const request: Schema = {
  type: "object",
  properties: {
    feature_view_name: { ...text, description: "an aggregate view of nothing but last values" },
    df: {
      ...mapOf(listOf(anything)),
      description: "keys, features, `event_timestamp` and `created`, column by column",
    },
  },
  required: ["feature_view_name", "df"],
};

/** Features in, as Feast's clients write them: records of the source of a view that holds its last values. */
export function writeToOnlineStoreRoute({ store }: RouteContext): Route {
  return {
    method: "POST",
    path: "/write-to-online-store",
    id: "feastWriteToOnlineStore",
    access: { scope: "ingest", names: "in the request" },
    summary: "Accepts features of a view that holds last values, as Feast's feature server does.",
    names: null,
    query: {},
    shapes: { body: { [mediaTypes.json]: request }, answer: done },
    errors: ["ASOF_UNKNOWN_VIEW", "ASOF_VIEW_COMPUTED", ...writeErrors],
    dialect: feastErrors,
    async handle({ body, caller }) {
      const fields = new RequestFields(body);
      const name = fields.needText("feature_view_name");
      const view = viewIn(store, name);
      const latest = view === null ? null : latestView(view);
      // Who may write to some sources is not told which other views there are.
      if (latest === null || !caller.mayReach("ingest", "source", latest.view.source))
        caller.mustReach("ingest", null, "");
      if (latest === null) throw computed(viewOf(store, name));
      const source = definitionOf(store, "source", latest.view.source);
      const rows = rowsOf(fields.columns("df"), source.fields, (column) => fieldOf(latest, source, column));
      return writeRecords(store, source.name, rows);
    },
  };
}

function viewIn(store: Store, name: string): ViewDefinition | null {
  try {
    return viewOf(store, name);
  } catch (error) {
    if (error instanceof AsofError && error.code === "ASOF_UNKNOWN_VIEW") return null;
    throw error;
  }
}

/** The source's field that a column holds: that of a key, of a feature, or its own. */
function fieldOf({ view, fields }: LatestView, source: SourceDefinition, column: string): string | null {
  if (Object.hasOwn(view.keys, column)) return view.keys[column];
  if (Object.hasOwn(source.fields, column)) return column;
  return fields.get(column) ?? sourceColumn(source, column);
}

function computed(view: ViewDefinition): AsofError {
  const { name, kind } = view;
  const why = {
    aggregateView: () => `push records to ${(view as { source?: string }).source}, from which it is computed`,
    batchView: () => "its SQL computes it from sources: write to those, then materialize",
    onDemandView: () => "it is computed when it is asked for",
  }[kind]();
  return new AsofError("ASOF_VIEW_COMPUTED", `the features of view ${name} cannot be written: ${why}`, {
    view: name,
    kind,
  });
}
