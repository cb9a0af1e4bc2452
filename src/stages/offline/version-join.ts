import { ColumnBuffer } from "../../core/kernel/column-buffer.ts";
import type { KeyedRows } from "../../core/kernel/prefix-windows.ts";
import { VersionTable } from "../../core/kernel/version-table.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { BatchUse } from "../../core/plan/service-plan.ts";
import type { Column } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import type { AttachedHistory } from "./aggregate-join.ts";
import { DenseKeys } from "./dense-keys.ts";
import type { SpineTable } from "./spine-table.ts";

/** What a batch view answers for some rows. */
export interface VersionAnswers {
  /** A feature of the view: null where there is no row, or it has expired. */
  readonly feature: (name: string, type: DataType) => Column;
  readonly status: () => Column;
  /** The row's time, also where it has expired. */
  readonly eventTime: () => Column;
}

/**
 * Uses of one batch view whose rows fit in memory: rows of the spine look theirs up as they pass, in any order, which
 * spares the engine the sorting of the spine that its ASOF join begins with.
 */
export class VersionJoin {
  readonly keys: DenseKeys;
  readonly uses: readonly BatchUse[];
  private readonly versions: VersionTable;
  private readonly event: Float64Array;
  private readonly features: Readonly<Record<string, Column>>;

  private constructor(parts: {
    keys: DenseKeys;
    uses: readonly BatchUse[];
    versions: VersionTable;
    event: Float64Array;
    features: Readonly<Record<string, Column>>;
  }) {
    this.keys = parts.keys;
    this.uses = parts.uses;
    this.versions = parts.versions;
    this.event = parts.event;
    this.features = parts.features;
  }

  /** `name` is that of a table the join may make in the session. */
  static async prepare(
    session: OfflineSession,
    uses: readonly BatchUse[],
    { name: history }: AttachedHistory,
    spine: SpineTable,
    name: string,
  ): Promise<VersionJoin> {
    const keys = await DenseKeys.of(session, name, Object.keys(uses[0].keys), uses, spine);
    const features: Fields = Object.assign({}, ...uses.map((use) => use.features));
    const fields: Fields = {
      ...Object.fromEntries(Object.entries(features).map(([feature, type]) => [feature, { ...type, nullable: true }])),
      [KEY]: { kind: "int32", nullable: false },
      ...Object.fromEntries([AVAILABLE, EVENT, POSITION].map((column) => [column, float64])),
    };
    const buffers = Object.entries(fields).map(([column, type]) => [column, new ColumnBuffer(type)] as const);
    const times = [AVAILABLE, EVENT].map((column) => `CAST(epoch_us(r.${column}) AS DOUBLE) AS ${column}`);
    for await (const { rows, columns } of session.columns(
      `SELECT ${Object.keys(features)
        .map((feature) => `r.${sqlIdentifier(feature)}, `)
        .join("")}
         d.k AS ${KEY}, ${times.join(", ")}, CAST(r.${POSITION} AS DOUBLE) AS ${POSITION}
       FROM ${history} r ${keys.joinRecords((key) => key)}`,
      fields,
    ))
      for (const [column, buffer] of buffers) buffer.add(columns[column], rows);
    const read = Object.fromEntries(buffers.map(([column, buffer]) => [column, buffer.column()]));
    const numbers = (column: string): Float64Array => read[column].values as Float64Array;
    const versions = new VersionTable(keys.count, {
      key: numbers(KEY),
      available: numbers(AVAILABLE),
      event: numbers(EVENT),
      entry: numbers(POSITION),
    });
    return new VersionJoin({ keys, uses, versions, event: numbers(EVENT), features: read });
  }

  /** What answers a use's rows, in any order. */
  reader(use: BatchUse): (rows: KeyedRows) => VersionAnswers {
    const find = this.versions.reader();
    const { ttl } = use.view;
    const { event, features } = this;
    return (rows) => {
      const found = find(rows);
      const alive = found.slice();
      if (ttl !== null)
        for (let i = 0; i < rows.rows; i++) if (found[i] >= 0 && !(rows.t[i] - ttl <= event[found[i]])) alive[i] = -1;
      return {
        feature: (name, type) => lookup(features[name], type, alive),
        status: () => ({
          type: { kind: "string", nullable: false },
          values: Array.from(found, (row, i) => (row < 0 ? "NOT_FOUND" : alive[i] < 0 ? "EXPIRED" : "PRESENT")),
          valid: null,
        }),
        eventTime: () => {
          const type: DataType = { kind: "timestamp", nullable: true };
          return lookup({ type, values: event, valid: null }, type, found);
        },
      };
    };
  }
}

/** The values of a column at some rows; null at −1. */
function lookup({ values, valid }: Column, type: DataType, rows: Int32Array): Column {
  let present: Uint8Array | null = null;
  const absent = (i: number): void => void ((present ??= new Uint8Array(rows.length).fill(1))[i] = 0);
  const isNull = (row: number): boolean => row < 0 || (valid !== null && valid[row] === 0);
  if (values instanceof Float64Array) {
    const found = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      if (isNull(rows[i])) absent(i);
      else found[i] = values[rows[i]];
    }
    return { type, values: found, valid: present };
  }
  const found = Array.isArray(values) ? new Array<string>(rows.length).fill("") : new BigInt64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    if (isNull(rows[i])) absent(i);
    else found[i] = values[rows[i]];
  }
  return { type, values: found, valid: present };
}

const KEY = "__k";
const float64: DataType = { kind: "float64", nullable: false };
