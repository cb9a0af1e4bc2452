import { collectionTypes } from "../../core/codec/collection-text.ts";
import type { Catalog } from "../../core/definition/catalog.ts";
import { AsofError } from "../../core/errors.ts";
import { fileRelation, formatOf } from "../../core/plan/file-relation.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { DatasetOutcome } from "../../core/result/outcomes.ts";
import type { Knowledge } from "../../core/result/knowledge.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { formatTimestamp, type Timestamp } from "../../core/time/timestamp.ts";
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
  /** A query sees records from this event on only; null for all, which is refused where days were dropped. */
  readonly since: Timestamp | null;
  readonly out: string;
  readonly cut: LogPosition;
  /** The watermark: no row may ask about a later moment. */
  readonly watermark: Timestamp;
  readonly knowledge: Knowledge;
}

/**
 * Writes a point-in-time correct training set: the spine's rows, all and in their order, with the service's features.
 * @throws ASOF_FUTURE_READ
 */
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
    if (typeof spine !== "string") {
      const since = request.since === null ? {} : { events: { since: request.since, until: Infinity } };
      await attachSources(session, store, catalog, sourcesNamedIn(spine.sql, catalog), { cut, ...since });
    }
    const numbered = typeof spine === "string" ? await numberedFile(session, spine) : null;
    const { relation, rows, carried, moments } = await makeSpine(session, {
      sql:
        numbered ?? (typeof spine === "string" ? `SELECT * FROM ${fileRelation([spine], formatOf(spine))}` : spine.sql),
      what: typeof spine === "string" ? spine : "the spine",
      time: request.time,
      inputs: plan.service.inputs,
      columns: request.inputs,
      isNumbered: numbered !== null,
      carry: true,
    });
    if (moments === null || moments.last > request.watermark) await refuseFuture(session, relation, request);
    const carry: Fields = { ...carried };
    const joined = {
      ...request,
      plan,
      spine: relation,
      rows,
      moments,
      carry,
      parts: () => ({ cut }),
      evidence: false,
      lend: true,
      hindsight: request.knowledge === "now" ? request.watermark : undefined,
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
      knowledge: request.knowledge,
      ...(request.knowledge === "now" ? { knownAt: request.watermark, warnings: [LEAKS] } : { warnings: [] }),
    };
  } finally {
    await session.close();
    await writing.close();
  }
}

/** The sources that a query may read: those whose names are anywhere in it. */
function sourcesNamedIn(sql: string, { sources }: Catalog): string[] {
  const words = new Set(sql.toLowerCase().match(/\w+/g));
  return [...sources.keys()].filter((name) => words.has(name.toLowerCase()));
}

const LEAKS =
  'with knowledge "now" every row knows what became known only after its moment: the set leaks the future, and must not train a model that serves live';

/** What is answered ahead of the watermark can change later. */
async function refuseFuture(
  session: OfflineSession,
  spine: string,
  { watermark, time, spine: asked }: DatasetRequest,
): Promise<void> {
  const late = `${MOMENT} > ${watermark}`;
  const fields: Fields = { n: { kind: "int64", nullable: false } };
  const [{ n }] = await session.rows(`SELECT count(*) FILTER (WHERE ${late}) AS n FROM ${spine}`, fields);
  if (n === 0n) return;
  const [{ row, t }] = await session.rows(
    `SELECT row, ${MOMENT} AS t FROM (SELECT row_number() OVER () AS row, ${MOMENT} FROM ${spine})
     WHERE ${late} ORDER BY row LIMIT 1`,
    { row: { kind: "int64", nullable: false }, t: { kind: "int64", nullable: false } },
  );
  const what = typeof asked === "string" ? asked : "the spine";
  const [at, now] = [formatTimestamp(Number(t)), formatTimestamp(watermark)];
  throw new AsofError(
    "ASOF_FUTURE_READ",
    `${what}, row ${String(row)}: its moment ${time} ${at} lies ahead of the watermark ${now}, as ${String(n)} of the rows do`,
    { spine: what, row: Number(row), column: time, at, watermark: now, rows: Number(n) },
  );
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
