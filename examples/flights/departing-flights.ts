import { DuckDBInstance } from "@duckdb/node-api";

/** A flight about to leave: what is asked about it, and what came of it. */
export interface DepartingFlight {
  readonly scheduled: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
  readonly late: boolean;
}

/**
 * All flights that leave at every `every`-th of the minutes in [from, until) at which any do. Times are microseconds.
 */
export async function departingFlights(
  file: string,
  from: number,
  until: number,
  every: number,
): Promise<DepartingFlight[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT epoch_us(date)::DOUBLE AS scheduled, distance::INTEGER AS distance, origin, destination, delay > 15 AS late
     FROM read_parquet($file) WHERE epoch_us(date) >= $from AND epoch_us(date) < $until
     QUALIFY dense_rank() OVER (ORDER BY date) % $every = 0
     ORDER BY date, origin, destination, distance, delay`,
    { file, from: BigInt(from), until: BigInt(until), every: BigInt(every) },
  );
  const rows = reader.getRowObjectsJS() as unknown as DepartingFlight[];
  connection.closeSync();
  return rows;
}
