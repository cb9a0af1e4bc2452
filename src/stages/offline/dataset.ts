import { collectionTypes } from "../../core/codec/collection-text.ts";
import type { Catalog } from "../../core/definition/catalog.ts";
import { AsofError } from "../../core/errors.ts";
import { fileRelation, formatOf } from "../../core/plan/file-relation.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { DatasetOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import { MOMENT } from "./spine-table.ts";
import { attachSources } from "./compute.ts";
import type { OfflineStore } from "./offline-store.ts";
import { pointInTime, resultFields } from "./point-in-time.ts";
import { makeSpine } from "./spine.ts";

export interface DatasetRequest extends WorkOptions {
  readonly catalog: Catalog;
  readonly plan: ServicePlan;
  /** A file, or a query over sources by their names. */
  readonly spine: string | { readonly sql: string };
  readonly time: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly out: string;
  readonly cut: LogPosition;
}

/** Writes a point-in-time correct training set: the spine's rows, all and in their order, with the service's features. */
export async function writeDataset(
  engine: OfflineEngine,
  store: OfflineStore,
  clock: Clock,
  request: DatasetRequest,
): Promise<DatasetOutcome> {
  const began = clock.elapsed();
  const { plan, catalog, spine, out, cut, signal } = request;
  if (!out.endsWith(".parquet"))
    throw new AsofError("ASOF_USAGE", `a training set is written as Parquet: ${out} does not end in .parquet`, { out });
  const session = await engine.session(signal === undefined ? {} : { signal });
  // What is written is drawn from the session that joins: they must not wait for one another.
  const writing = await engine.session(signal === undefined ? {} : { signal });
  try {
    if (typeof spine !== "string") await attachSources(session, store, catalog, [...catalog.sources.keys()], cut);
    const { relation, isQuery, rows, carried } = await makeSpine(session, {
      sql: typeof spine === "string" ? `SELECT * FROM ${fileRelation([spine], formatOf(spine))}` : spine.sql,
      what: typeof spine === "string" ? spine : "the spine",
      time: request.time,
      inputs: plan.service.inputs,
      columns: request.inputs,
      isFile: typeof spine === "string" && formatOf(spine) === "parquet",
      carry: true,
    });
    const carry: Fields = { ...carried };
    const joined = {
      ...request,
      plan,
      spine: relation,
      isQuery,
      rows,
      carry,
      parts: () => ({ cut }),
      evidence: false,
      lend: true,
    };
    const fields = resultFields(joined);
    const collections = collectionTypes(plan.features);
    const bytes = await writing.writeParquet(out, fields, pointInTime(session, store, joined), collections);
    return {
      service: plan.service.name,
      path: out,
      rows,
      columns: Object.keys(fields).filter((name) => name !== MOMENT),
      bytes,
      seconds: clock.elapsed() - began,
    };
  } finally {
    await session.close();
    await writing.close();
  }
}
