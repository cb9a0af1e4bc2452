import { type Catalog, sourceNamed } from "../../core/definition/catalog.ts";
import { sourceStream } from "../../core/definition/stream.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { leadOf } from "../../core/expression/lead.ts";
import { toSql } from "../../core/expression/sql.ts";
import type { Expression } from "../../core/expression/tree.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import { sqlList } from "../../core/plan/sql.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, systemColumns, WITHDRAWN } from "../../core/schema/system-columns.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import { MOMENT, ROW } from "./spine-table.ts";
import type { OfflineStore } from "./offline-store.ts";
import { pointInTime } from "./point-in-time.ts";

interface ExampleColumns {
  readonly rows: number;
  readonly inputs: Readonly<Record<string, Column>>;
  readonly t: Float64Array;
}

/** Rows of a source in an order that depends on the rows alone; its columns, and those that the offline store adds. */
export type SourceRows = (
  source: string,
  columns: readonly string[],
  range: { readonly at: Expression; readonly from: number; readonly until: number },
) => AsyncIterable<Batch>;

/** Rows of sources below a cut. */
export function sourceRows(
  engine: OfflineEngine,
  store: OfflineStore,
  catalog: Catalog,
  cut: LogPosition,
  signal: AbortSignal | undefined,
): SourceRows {
  return async function* rows(
    source: string,
    columns: readonly string[],
    range: { readonly at: Expression; readonly from: number; readonly until: number },
  ): AsyncGenerator<Batch> {
    const definition = sourceNamed(catalog, source);
    const stream = sourceStream(definition);
    // Where the definitions tell when an example happened, given the moment that it asks about, others are not needed.
    const lead = leadOf(definition.eventTime, range.at);
    const events = lead === null ? {} : { events: { since: range.from + lead, until: Infinity } };
    const session = await engine.session(signal === undefined ? {} : { signal });
    try {
      await store.attach(session, "asof_examples", stream, { cut, ...events });
      const prune = pruneSql(range, stream.fields);
      // What was withdrawn is no example, however late that is known: nor are labels known at the moment they are of.
      const there = stream.withdrawals === undefined ? "true" : `${WITHDRAWN} IS NULL`;
      const fields: Fields = Object.fromEntries(
        columns.map((name) => [name, stream.fields[name] ?? systemColumns[name]]),
      );
      yield* session.columns(
        `SELECT ${sqlList(columns)} FROM asof_examples WHERE ${prune === null ? there : `${there} AND ${prune}`}
         ORDER BY ${EVENT}, ${AVAILABLE}, ${sqlList(Object.keys(stream.fields))}`,
        fields,
      );
    } finally {
      await session.close();
    }
  };
}

/** Features for examples, by the point-in-time join. */
export function examplesJoin(
  engine: OfflineEngine,
  store: OfflineStore,
  plan: ServicePlan,
  cut: LogPosition,
  signal: AbortSignal | undefined,
) {
  return async function* join(examples: ExampleColumns): AsyncGenerator<Batch> {
    const session = await engine.session(signal === undefined ? {} : { signal });
    try {
      const inputs: Fields = Object.fromEntries(
        Object.entries(plan.service.inputs).map(([name, type]) => [name, { ...type, nullable: true }]),
      );
      const int64 = { kind: "int64", nullable: false } as const;
      await session.table("asof_spine", { [ROW]: int64, [MOMENT]: int64, ...inputs }, [spineOf(examples)]);
      yield* pointInTime(session, store, {
        plan,
        spine: "asof_spine",
        rows: examples.rows,
        carry: {},
        parts: () => ({ cut }),
        evidence: false,
      });
    } finally {
      await session.close();
    }
  };
}

function spineOf({ rows, inputs, t }: ExampleColumns): Batch {
  const int64 = { kind: "int64", nullable: false } as const;
  return {
    rows,
    columns: {
      [ROW]: { type: int64, values: BigInt64Array.from({ length: rows }, (_, i) => BigInt(i)), valid: null },
      [MOMENT]: { type: int64, values: BigInt64Array.from(t, BigInt), valid: null },
      ...inputs,
    },
  };
}

/** A condition that no row of the range fails; null where the engine cannot decide it. */
function pruneSql({ at, from, until }: { at: Expression; from: number; until: number }, fields: Fields): string | null {
  const moment = (value: number): Expression => ({ op: "literal", kind: "timestamp", value });
  return toSql(
    {
      op: "and",
      args: [
        { op: "ge", args: [at, moment(from)] },
        { op: "lt", args: [at, moment(until)] },
      ],
    },
    fields,
    { column: (name, { kind }) => (kind === "timestamp" ? `epoch_us(${sqlIdentifier(name)})` : sqlIdentifier(name)) },
  );
}
