import type { Catalog } from "../../core/definition/catalog.ts";
import { AsofError } from "../../core/errors.ts";
import { fileRelation, formatOf } from "../../core/plan/file-relation.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { DatasetOutcome } from "../../core/result/outcomes.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import { MOMENT, ROW } from "./spine-table.ts";
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
    const numbered = typeof spine === "string" ? await numberedFile(session, spine) : null;
    const { relation, rows, carried } = await makeSpine(session, {
      sql:
        numbered ?? (typeof spine === "string" ? `SELECT * FROM ${fileRelation([spine], formatOf(spine))}` : spine.sql),
      what: typeof spine === "string" ? spine : "the spine",
      time: request.time,
      inputs: plan.service.inputs,
      columns: request.inputs,
      isNumbered: numbered !== null,
      carry: true,
    });
    const carry: Fields = { ...carried };
    const joined = {
      ...request,
      plan,
      spine: relation,
      rows,
      carry,
      parts: () => ({ cut }),
      evidence: false,
      lend: true,
    };
    const fields = resultFields(joined);
    const bytes = await writing.writeParquet(out, fields, pointInTime(session, store, joined));
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

/** A query for a Parquet file's rows with the number of each in `__row`; null where the file cannot give it. */
async function numberedFile(session: OfflineSession, file: string): Promise<string | null> {
  if (formatOf(file) !== "parquet") return null;
  const relation = fileRelation([file], "parquet");
  const described = await session.describe(`SELECT * FROM ${relation}`);
  const taken = [ROW, FILE_ROW].some((name) => described.some((column) => column.name.toLowerCase() === name));
  if (taken) return null;
  const numbered = relation.replace(/\)$/, `, ${FILE_ROW} = true)`);
  return `SELECT * EXCLUDE (${FILE_ROW}), ${FILE_ROW} AS ${ROW} FROM ${numbered}`;
}

/** What the engine calls the number of a row, and its option for it. */
const FILE_ROW = "file_row_number";
