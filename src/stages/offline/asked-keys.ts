import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { sqlList } from "../../core/plan/sql.ts";
import type { Batch, Column } from "../../core/schema/column.ts";
import type { SpineTable } from "./spine-table.ts";

/** What asks for keys of a view: the input of the spine for each. */
export interface KeyUse {
  readonly inputs: Readonly<Record<string, string>>;
}

/** A view of the session that holds a part of a stream, and how many rows it has at the most. */
export interface AttachedHistory {
  readonly name: string;
  readonly rows: number;
  /** The column of each key of the view. */
  readonly keys: Readonly<Record<string, string>>;
  /** Whether it is read in hindsight: what is there counts from its event on, whenever it became available. */
  readonly inHindsight: boolean;
}

/** History with more rows than this many times the spine's is cut down to the spine's keys as it is read. */
const WORTH_FILTERING = 2;

export const isWorthFiltering = (history: AttachedHistory, spine: SpineTable): boolean =>
  history.rows > spine.rows * WORTH_FILTERING;

/** Joins the rows `r` of history with the keys that a spine asks about: what follows `FROM history r`. */
export function askedKeys({ keys }: AttachedHistory, uses: readonly KeyUse[], spine: SpineTable): string {
  const names = Object.keys(keys);
  const asked = new Set(
    uses.map(({ inputs }) => {
      const columns = names.map((name, i) => `${sqlIdentifier(inputs[name])} AS k${i}`);
      return `SELECT ${columns.join(", ")} FROM ${spine.name}`;
    }),
  );
  const on = names.map((name, i) => `r.${sqlIdentifier(keys[name])} = d.k${i}`);
  return `SEMI JOIN (${[...asked].join(" UNION ")}) d ON ${on.join(" AND ")}`;
}

/** The condition that a row `r` of history belongs to one of several parts, by its key: each key is in one of them. */
export function ofPart({ keys }: AttachedHistory, part: number, parts: number): string {
  return parts === 1 ? "true" : `hash(${sqlList(Object.values(keys))}) % ${parts} = ${part}`;
}

/** The key columns of a use among a batch of the spine, in the order of the history's keys. */
export function keyColumns({ keys }: AttachedHistory, { inputs }: KeyUse, { columns }: Batch): Column[] {
  return Object.keys(keys).map((name) => columns[inputs[name]]);
}
