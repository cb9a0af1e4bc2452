import type { CollectionType } from "../core/aggregation/feature-type.ts";
import type { Batch } from "../core/schema/column.ts";
import type { Fields, Kind, Row } from "../core/schema/data-type.ts";

/** A column as the engine names it. `kind` is null where asof has no such type. */
export interface DescribedColumn {
  readonly name: string;
  readonly engineType: string;
  readonly kind: Kind | null;
}

/** A Parquet file that the engine has written. */
export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** The least and the greatest value by column, as the engine writes them; of columns that it tells them of. */
  readonly bounds: ReadonlyMap<string, readonly [least: string, greatest: string]>;
}

/** How the columns of a query are read: see `columns`. */
export interface ColumnsOptions {
  readonly lend?: boolean;
  readonly count?: number;
}

/**
 * A private workspace in the engine: temporary tables and views live and die with it. Its calls run one after
 * another; several sessions run side by side. While the caller's code runs in the middle of `columns`, `table` or
 * `writeParquet`, another call of the same session is refused (an assertion: it could only wait for itself); to feed
 * one from another, open two sessions. Aborting the signal given at opening interrupts what runs and makes that call
 * and later ones reject with ASOF_INTERRUPTED; closing does the same with ASOF_CLOSED. Any call may reject with
 * ASOF_MEMORY, and with ASOF_HOME where the disk refuses.
 *
 * Types: string VARCHAR, boolean BOOLEAN, int32 INTEGER, int64 BIGINT, float64 DOUBLE, timestamp TIMESTAMP
 * (microseconds, no zone, read as UTC).
 */
export interface OfflineSession {
  /**
   * Runs statements; resolves to the rows changed by the last. `onShare` is told now and then how much of a statement
   * is done, from 0 to 1, where the engine knows. @throws ASOF_SQL, ASOF_FILE, ASOF_INTERRUPTED
   */
  run(sql: string, options?: { readonly onShare?: (share: number) => void }): Promise<number>;

  /**
   * Writes the rows of a query to Parquet files in a folder, with the engine's options; resolves to the files. Theirs are neither
   * whole nor durable at once. `onShare` and errors as for `run`.
   */
  copy(
    query: string,
    folder: string,
    options: string,
    progress?: { readonly onShare?: (share: number) => void },
  ): Promise<WrittenFile[]>;

  /** The columns of a query, without running it. */
  describe(sql: string): Promise<readonly DescribedColumn[]>;

  /**
   * The result as batches of columns, in the order of the query, streamed: memory does not grow with the result.
   * The fields name a subset of the result's columns and their types; the engine casts what it must (a TIMESTAMP to
   * microseconds), and never by rounding to an integer or a microsecond. Values are canonical: one NaN, no −0. The
   * arrays of a batch are the caller's to keep; with `lend` only until the next batch is asked for, which spares the
   * making of new ones. A result that ends before it is whole is an error, for which its rows are counted anew unless `count`
   * says how many there are.
   * @throws ASOF_TYPE where a null meets a field that is not nullable or a value does not cast, ASOF_OVERFLOW where it
   * is out of its type's range, ASOF_SQL where the result lacks a field.
   */
  columns(sql: string, fields: Fields, options?: ColumnsOptions): AsyncIterable<Batch>;

  /** A small result as rows of canonical values. */
  rows(sql: string, fields: Fields): Promise<Row[]>;

  /**
   * Creates a temporary table from batches, in their order; resolves to its rows. The arrays of a batch are lent
   * until the next is asked for.
   */
  table(name: string, fields: Fields, batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<number>;

  /**
   * Writes rows that exist as columns to one Parquet file in their order, without a table between; resolves to the
   * file's bytes. The file appears whole (written aside, synced, renamed) or not at all. A string column that
   * `collections` names holds collections of that type as canonical JSON (`collectionText`), and is written as what
   * they are, bit for bit: a LIST, or a MAP from VARCHAR.
   */
  writeParquet(
    path: string,
    fields: Fields,
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    collections?: Readonly<Record<string, CollectionType>>,
  ): Promise<number>;

  close(): Promise<void>;
}

/** Keeps nothing itself: history lives in Parquet files, the engine reads, sorts, joins and writes them. */
export interface OfflineEngine {
  session(options?: { readonly signal?: AbortSignal }): Promise<OfflineSession>;
  close(): Promise<void>;
}
