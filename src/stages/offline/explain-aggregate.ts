import { expressionText } from "../../core/expression/expression-text.ts";
import { columnsOf } from "../../core/expression/tree.ts";
import { compileRow } from "../../core/expression/compile.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { type AccountedRecord, LATENESS, type ListSizes, WindowAccount } from "../../core/explain/window-account.ts";
import { influenceOf } from "../../core/explain/influence.ts";
import { featureWords } from "../../core/explain/feature-words.ts";
import type { FeatureValue } from "../../core/aggregation/aggregation.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import { sqlList, sqlValue } from "../../core/plan/sql.ts";
import type { AggregateExplanation, Origin } from "../../core/result/explanation.ts";
import { rowAt } from "../../core/schema/column.ts";
import type { DataType, Fields, Row, Value } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION, WITHDRAWN } from "../../core/schema/system-columns.ts";
import { recordOrder } from "../../core/tile/record-order.ts";
import { compileContributions } from "../../core/tile/view-layout.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine, OfflineSession } from "../../ports/offline-engine.ts";
import type { OfflineStore, Part } from "./offline-store.ts";

/** What is explained of a feature: of which key, as of when, by whose knowledge, and by which data. */
export interface ExplainRequest {
  readonly feature: string;
  readonly keys: Row;
  readonly t: Timestamp;
  /** With knowledge "now": the moment whose knowledge that is. */
  readonly hindsight?: Timestamp | undefined;
  readonly cut: LogPosition;
  /** Loads below this position count. */
  readonly loads: LogPosition;
}

/** What history has to tell of an aggregate view's feature. */
export type AggregateAccount = Pick<
  AggregateExplanation,
  | "source"
  | "aggregation"
  | "words"
  | "argument"
  | "where"
  | "argumentType"
  | "per"
  | "perType"
  | "fieldTypes"
  | "influence"
  | "lateness"
  | "windows"
  | "value"
>;

const SIZES: ListSizes = { records: 10, late: 10, groups: 10, tiles: 400 };

/** Reads every record of a key that a feature's windows may meet, twice, and accounts for each. */
export async function explainAggregate(
  engine: OfflineEngine,
  store: OfflineStore,
  use: AggregateUse,
  request: ExplainRequest,
  sizes: ListSizes = SIZES,
): Promise<AggregateAccount> {
  const { layout, source } = use;
  const { t, hindsight } = request;
  const place = use.view.features.findIndex(({ name }) => name === request.feature);
  const { slot: s, window, elements } = layout.features[place];
  const slot = layout.slots[s];
  const definition = use.view.features[place];
  const accounts = (elements ?? [window]).map((one) => new WindowAccount(slot, one, t, hindsight ?? t, sizes));
  const session = await engine.session();
  try {
    const records = await keyRecords(session, store, use, s, request, Math.min(...accounts.map(({ start }) => start)));
    for await (const record of records()) for (const account of accounts) account.count(record);
    const values = accounts.map((account) => account.finish());
    for await (const record of records()) for (const account of accounts) account.rank(record);
    const value: FeatureValue = elements === null ? values[0] : (values as Value[]);
    return {
      source: source.name,
      aggregation: slot.spec,
      words: featureWords(definition),
      argument: slot.of === null ? null : expressionText(slot.of),
      where: slot.where === null ? null : expressionText(slot.where),
      argumentType: slot.input,
      per: slot.per === null ? null : expressionText(slot.per.of),
      perType: slot.per?.type ?? null,
      fieldTypes: readFields(use, s),
      influence: influenceOf(slot.spec).words,
      lateness: LATENESS,
      windows: accounts.map((account) => account.explanation()),
      value,
    };
  } finally {
    await session.close();
  }
}

/** The fields that a slot's argument, its condition and what it is computed per read. */
function readFields({ layout, source }: Pick<AggregateUse, "layout" | "source">, s: number): Fields {
  const { of, where, per } = layout.slots[s];
  const read = [of, where, per?.of ?? null];
  const names = new Set(read.flatMap((expression) => (expression === null ? [] : columnsOf(expression))));
  return Object.fromEntries(Object.entries(source.fields).filter(([name]) => names.has(name)));
}

/** The records of a key from an event on, which can be read again and again. */
async function keyRecords(
  session: OfflineSession,
  store: OfflineStore,
  { view, source, layout }: AggregateUse,
  s: number,
  { keys, cut, loads }: ExplainRequest,
  since: number,
): Promise<() => AsyncGenerator<AccountedRecord>> {
  const { fields } = source;
  const slot = layout.slots[s];
  const shown = Object.keys(readFields({ source, layout }, s));
  const ordered = slot.algebra.ordered ? recordOrder(layout, fields) : null;
  const names = [...new Set([...layout.columns, ...(ordered === null ? [] : layout.orderColumns!)])];
  const contribute = compileContributions({ ...layout, slots: [slot] }, fields);
  const where = slot.where === null ? null : compileRow(slot.where, fields);
  const key = Object.entries(view.keys).map(([name, field]) => [field, keys[name]] as const);
  const events = { since, until: Infinity };
  const parts: readonly [Origin, Part][] = [
    ["load", { cut, loadsFrom: 0, loadsUntil: loads, events }],
    ["stream", { cut, loadsUntil: 0, events }],
  ];
  const selects: string[] = [];
  for (const [origin, part] of parts) {
    const name = `asof_explained_${origin}`;
    await store.attach(session, name, source, part);
    const withdrawable = (await session.describe(`SELECT * FROM ${name}`)).some((column) => column.name === WITHDRAWN);
    const withdrawn = withdrawable ? WITHDRAWN : `NULL::TIMESTAMP AS ${WITHDRAWN}`;
    const conditions = [
      ...key.map(([field, value]) => `${sqlIdentifier(field)} = ${sqlValue(fields[field], value)}`),
      ...(Number.isFinite(since) ? [`${EVENT} >= make_timestamp(${since}::BIGINT)`] : []),
    ];
    selects.push(
      `SELECT ${[...names.map(sqlIdentifier), EVENT, AVAILABLE, POSITION, withdrawn].join(", ")}, '${origin}' AS ${ORIGIN}
       FROM ${name} WHERE ${conditions.join(" AND ")}`,
    );
  }
  const read: Fields = {
    ...Object.fromEntries(names.map((name) => [name, { ...fields[name], nullable: true }])),
    [EVENT]: timestamp,
    [AVAILABLE]: timestamp,
    [POSITION]: { kind: "int64", nullable: false },
    [WITHDRAWN]: { ...timestamp, nullable: true },
    [ORIGIN]: { kind: "string", nullable: false },
  };
  // A key with a null is of no record.
  if (key.some(([, value]) => value === null)) return async function* none() {};
  return async function* records() {
    const sql = `SELECT ${sqlList(Object.keys(read))} FROM (${selects.join(" UNION ALL ")})`;
    for await (const batch of session.columns(sql, read))
      for (let i = 0; i < batch.rows; i++) {
        const row = rowAt(batch, i);
        const [event, available] = [row[EVENT] as number, row[AVAILABLE] as number];
        yield {
          event,
          available,
          withdrawn: row[WITHDRAWN] as number | null,
          position: Number(row[POSITION]),
          origin: row[ORIGIN] as Origin,
          contributed: contribute(row, event)[0],
          holds: where === null || where(row) === true,
          order: ordered?.(row, event, available),
          fields: Object.fromEntries(shown.map((name) => [name, row[name]])),
        };
      }
  };
}

const ORIGIN = "__origin";
const timestamp: DataType = { kind: "timestamp", nullable: false };
