import path from "node:path";
import { historyOf, needsOf, runSql, timedContender, withStore, writeDataset } from "./flights.ts";
import { repeatedFlights } from "./generated-flights.ts";
import { alternate, type BenchCase, type BenchOptions, compare } from "./measure.ts";
import { queryRows } from "./query-rows.ts";

// A point-in-time join of two batch views, in three uses, to ten million rows: ours against the ASOF join by hand. Both give all rows in the order of the spine, with a time to live of two days.

const uses = [
  { alias: "origin", view: "daily_departures", key: "origin" },
  { alias: "destination", view: "daily_arrivals", key: "destination" },
  { alias: "inbound", view: "daily_arrivals", key: "origin" },
] as const;
const features = ["mean_delay", "flights"];
const carried = ["date", "delay", "distance", "origin", "destination"];

function asofSql(home: string, spine: string, out: string): string {
  const columns = uses.flatMap(({ alias }) =>
    features.map(
      (name) => `CASE WHEN s.date - INTERVAL 2 DAY <= ${alias}.__event THEN ${alias}.${name} END AS ${alias}__${name}`,
    ),
  );
  const joins = uses.map(
    ({ alias, view, key }) =>
      `ASOF LEFT JOIN ${historyOf(home, view)} ${alias} ON s.${key} = ${alias}.airport AND s.date >= ${alias}.__available`,
  );
  return `COPY (SELECT ${carried.map((name) => `s.${name}`).join(", ")}, ${columns.join(", ")}
                FROM (SELECT *, file_row_number AS row FROM read_parquet('${spine}', file_row_number = true)) s
                ${joins.join(" ")} ORDER BY s.row)
          TO '${out}' (FORMAT parquet)`;
}

/** How many rows differ, place by place. */
async function differences(ours: string, reference: string): Promise<bigint> {
  const names = [...carried, ...uses.flatMap(({ alias }) => features.map((name) => `${alias}__${name}`))];
  const differs = names.map((name) => `o.${name} IS DISTINCT FROM r.${name}`).join(" OR ");
  const [{ n }] = await queryRows(
    `SELECT count(*) AS n FROM read_parquet('${ours}', file_row_number = true) o
     FULL JOIN read_parquet('${reference}', file_row_number = true) r USING (file_row_number)
     WHERE o.date IS NULL OR r.date IS NULL OR ${differs}`,
  );
  return n as bigint;
}

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  return withStore({ compute: true }, async (home, folder) => {
    const out = (name: string): string => path.join(folder, `${name}.parquet`);
    const rows = Number(args[0] ?? 10) * 1_000_000;
    const spine = out("spine");
    await repeatedFlights(spine, rows);
    const name = `3 batch views, ${rows / 1e6}M rows: ASOF`;
    const [ours, reference] = await alternate(
      [
        timedContender("ours", writeDataset, { home, service: "batches", spine, out: out("ours") }),
        timedContender(name, runSql, { sql: asofSql(home, spine, out("reference")) }),
      ],
      { rounds: 3 },
    );
    const different = await differences(out("ours"), out("reference"));
    const [{ n }] = await queryRows(`SELECT count(origin__flights) AS n FROM '${out("ours")}'`);
    log(`${name}: ${different} of ${rows} rows differ, ${n} have found one; ${needsOf(ours, reference)}`);
    const equal = different === 0n && (n as bigint) > 0n;
    return [compare(name, ours, reference, { equal, rate: { work: rows, unit: "rows/s" } })];
  });
}
