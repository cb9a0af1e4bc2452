// The whole loop on a cut of the real flights: those between seven airports of the west coast, in June.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { col, featureService, gradientBoostedTrees, model } from "asof";
import {
  airport,
  airportDaily,
  arrivals,
  calendar,
  departures,
  flights,
  lateFlight,
} from "../../examples/flights/definitions.ts";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import type { Row } from "../../src/core/schema/data-type.ts";

const all = fileURLToPath(new URL("../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url));

export const airports = ["LAX", "OAK", "PDX", "SAN", "SEA", "SFO", "SJC"];

export const lateFlightModel = model("late_flight_model", {
  features: lateFlight,
  examples: { source: flights, at: "scheduled", sample: 2_000 },
  label: col("delay").gt(15),
  split: { train: ["2001-06-08", "2001-06-18"], test: ["2001-06-18", "2001-06-24"] },
  trainer: gradientBoostedTrees(),
});

/** What a dashboard asks for: one view under its own name. */
export const departing = featureService("departing", [departures]);

export const definitions = {
  airport,
  flights,
  departures,
  arrivals,
  airportDaily,
  calendar,
  lateFlight,
  lateFlightModel,
  departing,
};

export interface Flight extends Row {
  readonly scheduled: number;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export interface SomeFlights {
  /** All of them. */
  readonly parquet: string;
  /** Those that left on 12 June or later. */
  readonly csv: string;
  /** In the order of the file. */
  readonly rows: readonly Flight[];
}

/** Cuts the flights into files of a folder. */
export async function cutFlights(folder: string): Promise<SomeFlights> {
  mkdirSync(folder, { recursive: true });
  const parquet = path.join(folder, "flights.parquet");
  const csv = path.join(folder, "flights.csv");
  const engine = await openDuckDb({ memoryLimit: "500MB", temporaryFolder: path.join(folder, "temporary") });
  try {
    const session = await engine.session();
    const chosen = airports.map((name) => `'${name}'`).join(", ");
    await session.run(
      `CREATE TABLE cut AS SELECT * FROM read_parquet('${all}')
       WHERE origin IN (${chosen}) AND destination IN (${chosen}) AND date >= '2001-06-01' ORDER BY ALL`,
    );
    await session.run(`COPY cut TO '${parquet}' (FORMAT parquet)`);
    await session.run(`COPY (SELECT * FROM cut WHERE date >= '2001-06-12') TO '${csv}' (HEADER)`);
    const rows = await session.rows(
      "SELECT date AS scheduled, delay, distance, origin, destination FROM cut ORDER BY ALL",
      flights.fields,
    );
    return { parquet, csv, rows: rows as Flight[] };
  } finally {
    await engine.close();
  }
}
