import { ColumnBuffer } from "../../core/kernel/column-buffer.ts";
import { KeyIndex } from "../../core/kernel/key-index.ts";
import { VersionTable } from "../../core/kernel/version-table.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import type { BatchUse } from "../../core/plan/service-plan.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { DataType, Fields } from "../../core/schema/data-type.ts";
import { AVAILABLE, EVENT, POSITION } from "../../core/schema/system-columns.ts";
import type { OfflineSession } from "../../ports/offline-engine.ts";
import { askedKeys, type AttachedHistory, isWorthFiltering, keyColumns } from "./asked-keys.ts";
import { MOMENT, type SpineTable } from "./spine-table.ts";

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
  readonly uses: readonly BatchUse[];
  private readonly history: AttachedHistory;
  private readonly keys: KeyIndex;
  private readonly versions: VersionTable;
  private readonly event: Float64Array;
  private readonly features: Readonly<Record<string, Column>>;

  private constructor(parts: {
    uses: readonly BatchUse[];
    history: AttachedHistory;
    keys: KeyIndex;
    versions: VersionTable;
    event: Float64Array;
    features: Readonly<Record<string, Column>>;
  }) {
    this.uses = parts.uses;
    this.history = parts.history;
    this.keys = parts.keys;
    this.versions = parts.versions;
    this.event = parts.event;
    this.features = parts.features;
  }

  static async prepare(
    session: OfflineSession,
    uses: readonly BatchUse[],
    history: AttachedHistory,
    spine: SpineTable,
  ): Promise<VersionJoin> {
    const names = Object.values(history.keys);
    const features: Fields = Object.assign({}, ...uses.map((use) => use.features));
    const fields: Fields = {
      ...Object.fromEntries(
        Object.entries({ ...uses[0].keys, ...features }).map(([name, type]) => [name, { ...type, nullable: true }]),
      ),
      ...Object.fromEntries([AVAILABLE, EVENT, POSITION].map((column) => [column, float64])),
    };
    const buffers = [...Object.keys(features), AVAILABLE, EVENT, POSITION].map(
      (column) => [column, new ColumnBuffer(fields[column])] as const,
    );
    const numbered = new ColumnBuffer(int32);
    const keys = new KeyIndex(names.length);
    const times = [AVAILABLE, EVENT].map((column) => `CAST(epoch_us(r.${column}) AS DOUBLE) AS ${column}`);
    for await (const { rows, columns } of session.columns(
      `SELECT ${[...names, ...Object.keys(features)].map((name) => `r.${sqlIdentifier(name)}, `).join("")}
         ${times.join(", ")}, CAST(r.${POSITION} AS DOUBLE) AS ${POSITION}
       FROM ${history.name} r ${isWorthFiltering(history, spine) ? askedKeys(history, uses, spine) : ""}
       WHERE ${names.map((name) => `r.${sqlIdentifier(name)} IS NOT NULL`).join(" AND ")}`,
      fields,
    )) {
      const k = keys.add(
        names.map((name) => columns[name]),
        rows,
      );
      numbered.add({ type: int32, values: new Float64Array(k), valid: null }, rows);
      for (const [column, buffer] of buffers) buffer.add(columns[column], rows);
    }
    const read = Object.fromEntries(buffers.map(([column, buffer]) => [column, buffer.column()]));
    const numbers = (column: string): Float64Array => read[column].values as Float64Array;
    const versions = new VersionTable(keys.size, {
      key: numbered.column().values as Float64Array,
      available: numbers(AVAILABLE),
      event: numbers(EVENT),
      entry: numbers(POSITION),
      ...(history.inHindsight ? { since: numbers(EVENT) } : {}),
    });
    return new VersionJoin({ uses, history, keys, versions, event: numbers(EVENT), features: read });
  }

  /** What answers batches of a spine for a use, in any order. With `lend`, answers are lent until the next batch. */
  reader(use: BatchUse, lend: boolean): (batch: Batch) => VersionAnswers {
    const find = this.versions.reader();
    const { ttl } = use.view;
    const { event, features, history, keys } = this;
    const rooms = new Map<string, LookupRoom>();
    const roomOf = (name: string, rows: number): LookupRoom => {
      let room = rooms.get(name);
      if (room === undefined || room.values.length < rows) {
        room = { values: new Float64Array(rows), present: new Uint8Array(rows) };
        if (lend) rooms.set(name, room);
      }
      return room;
    };
    return (batch) => {
      const { rows } = batch;
      const t = batch.columns[MOMENT].values as Float64Array;
      const found = find({ rows, t, key: keys.find(keyColumns(history, use, batch), rows) });
      const alive = ttl === null ? found : found.slice();
      if (ttl !== null)
        for (let i = 0; i < rows; i++) if (found[i] >= 0 && !(t[i] - ttl <= event[found[i]])) alive[i] = -1;
      return {
        feature: (name, type) => {
          const column = features[name];
          return column.values instanceof Float64Array
            ? lookupNumbers(column.values, column.valid, type, alive, roomOf(name, rows))
            : lookup(column, type, alive);
        },
        status: () => ({
          type: { kind: "string", nullable: false },
          values: Array.from(found, (row, i) => (row < 0 ? "NOT_FOUND" : alive[i] < 0 ? "EXPIRED" : "PRESENT")),
          valid: null,
        }),
        eventTime: () => {
          const type: DataType = { kind: "timestamp", nullable: true };
          return lookupNumbers(event, null, type, found, roomOf(EVENT, rows));
        },
      };
    };
  }
}

/** Where what is looked up goes. */
interface LookupRoom {
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** The values of a column at some rows; null at −1. */
function lookupNumbers(
  values: Float64Array,
  valid: Uint8Array | null,
  type: DataType,
  rows: Int32Array,
  room: LookupRoom,
): Column {
  const { values: found, present } = room;
  let absent = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row < 0 || (valid !== null && valid[row] === 0)) {
      present[i] = 0;
      absent++;
    } else {
      present[i] = 1;
      found[i] = values[row];
    }
  }
  return {
    type,
    values: found.subarray(0, rows.length),
    valid: absent === 0 ? null : present.subarray(0, rows.length),
  };
}

/** The same for texts and long integers. */
function lookup({ values, valid }: Column, type: DataType, rows: Int32Array): Column {
  let present: Uint8Array | null = null;
  const found = Array.isArray(values) ? Array.from({ length: rows.length }, () => "") : new BigInt64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row < 0 || (valid !== null && valid[row] === 0)) (present ??= new Uint8Array(rows.length).fill(1))[i] = 0;
    else found[i] = values[row] as string | bigint;
  }
  return { type, values: found, valid: present };
}

const int32: DataType = { kind: "int32", nullable: false };
const float64: DataType = { kind: "float64", nullable: false };
