import type { Fields } from "../core/schema/data-type.ts";
import type { WorkOptions } from "../core/result/progress.ts";

/** How far a table was read: the value of its position column, as the database writes it. */
export interface TablePosition {
  readonly column: string;
  readonly at: string;
}

export interface TableRequest extends WorkOptions {
  /** Where the database is, with its credentials; null where its client's own environment says so. */
  readonly url: string | null;
  /** As SQL names it: `orders`, `shop.orders`. */
  readonly table: string;
  /** A column that only grows from row to row. */
  readonly position: string;
  /**
   * How far behind the newest reading stays, since rows of transactions still under way may come in behind it: a number
   * for a column of integers, a duration such as "5m" for one of timestamps. Null for not at all.
   */
  readonly margin: string | null;
  /** The fields wanted, and the column of each where it goes by another name. */
  readonly fields: Fields;
  readonly columns: Readonly<Record<string, string>>;
  /** The file to write, as CSV with a header: null is empty, an empty string is quoted. */
  readonly to: string;
  /** How far a table of this name was read; null where it was not. */
  readonly after: (name: string) => Promise<TablePosition | null>;
}

export interface TableCopy {
  /** The table by database and schema: no address, no credentials. */
  readonly name: string;
  /** The position up to which its rows are in the file; null where there are none. */
  readonly until: TablePosition | null;
  /** The columns of the file. */
  readonly columns: readonly string[];
}

/**
 * Copies the rows of a table past a position into a file, all of one snapshot. Values are whole: an integer keeps its
 * digits, a timestamp its microseconds; what a field cannot hold comes as text that it refuses.
 * @throws ASOF_DATABASE where the database cannot be reached or stops; ASOF_TABLE where the table cannot be read so;
 * ASOF_TYPE where a column is of no type that its field can take; ASOF_INTERRUPTED. Credentials are in none of them.
 */
export type CopyTable = (request: TableRequest) => Promise<TableCopy>;
