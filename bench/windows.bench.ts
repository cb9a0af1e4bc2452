import path from "node:path";
import { FLIGHTS, memoryOf, queryRows, runSql, timedContender, withStore, writeDataset } from "./flights.ts";
import { alternate, type BenchCase, type BenchOptions, compare } from "./measure.ts";

// Six window features for each of three million flights, from all three million flights: ours against SQL by hand.

const HOUR = 3_600;
const DAY = 24 * HOUR;
const windows = { h1: HOUR, h3: 3 * HOUR, d1: DAY, d7: 7 * DAY } as const;

type WindowName = keyof typeof windows;
interface Feature {
  readonly name: string;
  readonly aggregate: "count" | "late" | "delay";
  readonly window: WindowName;
}

/** In the order of our view's definition, under our names. */
const features: readonly Feature[] = [
  { name: "origin__flights_1h", aggregate: "count", window: "h1" },
  { name: "origin__flights_1d", aggregate: "count", window: "d1" },
  { name: "origin__late_3h", aggregate: "late", window: "h3" },
  { name: "origin__late_7d", aggregate: "late", window: "d7" },
  { name: "origin__delay_1d", aggregate: "delay", window: "d1" },
  { name: "origin__delay_7d", aggregate: "delay", window: "d7" },
];

const carried = "date, delay, distance, origin, destination";
const spine = `(SELECT ${carried}, epoch_us(date) AS t, CAST(delay > 15 AS INTEGER) AS late, file_row_number AS row
  FROM read_parquet('${FLIGHTS}', file_row_number = true))`;

/** The tail of a window: our hops are 5 minutes up to half a day, and hours from there to twelve days. */
const tail = (window: WindowName): string => {
  const hop = (windows[window] < DAY / 2 ? 300 : HOUR) * 1_000_000;
  const since = `(t - ${windows[window] * 1_000_000})`;
  return `(${since} - ${since} % ${hop})`;
};

/** DuckDB's window frames by range, one a window. The row number is for the comparison. */
function rangeSql(out: string): string {
  const expression = { count: "count(*)", late: "avg(late)", delay: "avg(delay)" };
  const frames = Object.keys(windows).map(
    (name) =>
      `${name} AS (PARTITION BY origin ORDER BY t RANGE BETWEEN t - ${tail(name as WindowName)} PRECEDING AND 1 PRECEDING)`,
  );
  const columns = features.map(({ name, aggregate, window }) => `${expression[aggregate]} OVER ${window} AS ${name}`);
  return `COPY (SELECT row, ${carried}, ${columns.join(", ")} FROM ${spine} WINDOW ${frames.join(", ")})
          TO '${out}' (FORMAT parquet)`;
}

/**
 * The best SQL we know: running sums by airport and moment, those at the head of the windows joined by equality, those
 * at each tail by an ASOF join.
 */
function prefixSql(out: string): string {
  const names = Object.keys(windows) as WindowName[];
  const between = (window: WindowName, column: string): string =>
    `(coalesce(head.${column}, 0) - coalesce(${window}.${column}, 0))`;
  const columns = features.map(({ name, aggregate, window }) => {
    const count = between(window, "n");
    if (aggregate === "count") return `${count} AS ${name}`;
    return `CAST(${between(window, aggregate)} AS DOUBLE) / nullif(${count}, 0) AS ${name}`;
  });
  const tails = names.map((name) => {
    const since = tail(name).replaceAll("(t -", "(s.t -");
    return `ASOF LEFT JOIN prefix ${name} ON s.origin = ${name}.origin AND ${since} > ${name}.t`;
  });
  return `
    CREATE TABLE prefix AS
      SELECT origin, t, n, late, delay, n - n0 AS head_n, late - late0 AS head_late, delay - delay0 AS head_delay
      FROM (SELECT origin, t, n AS n0, late AS late0, delay AS delay0, CAST(sum(n) OVER w AS BIGINT) AS n,
                   CAST(sum(late) OVER w AS BIGINT) AS late, CAST(sum(delay) OVER w AS BIGINT) AS delay
            FROM (SELECT origin, t, count(*) AS n, sum(late) AS late, sum(delay) AS delay FROM ${spine} GROUP BY ALL)
            WINDOW w AS (PARTITION BY origin ORDER BY t));
    COPY (SELECT row, ${carried.replaceAll(/\w+/g, "s.$&")}, ${columns.join(", ").replaceAll(/head\.(\w+)/g, "head.head_$1")}
          FROM ${spine} s JOIN prefix head ON s.origin = head.origin AND s.t = head.t ${tails.join(" ")})
    TO '${out}' (FORMAT parquet)`;
}

/**
 * How many of the rows differ in any column; the reference's rows are in an order of its own. Our averages are exact
 * sums divided once. DuckDB's `avg` of integers divides in 80 bits and rounds to a double then: once in ten thousand
 * rows that is the neighbouring double, which `tolerant` lets pass.
 */
async function differences(ours: string, reference: string, tolerant: boolean): Promise<bigint> {
  const differs = [...carried.split(", "), ...features.map(({ name }) => name)].map((name) => {
    const isAverage = features.some((feature) => feature.name === name && feature.aggregate !== "count");
    const different = `o.${name} IS DISTINCT FROM r.${name}`;
    if (!isAverage || !tolerant) return `(${different})`;
    return `(${different} AND coalesce(abs(o.${name} - r.${name}) > 2.23e-16 * abs(r.${name}), true))`;
  });
  const [{ n }] = await queryRows(
    `SELECT count(*) AS n FROM read_parquet('${ours}', file_row_number = true) o
     FULL JOIN '${reference}' r ON o.file_row_number = r.row
     WHERE o.date IS NULL OR r.date IS NULL OR ${differs.join(" OR ")}`,
  );
  return n as bigint;
}

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  return withStore({ compute: false }, async (home, folder) => {
    const out = (name: string): string => path.join(folder, `${name}.parquet`);
    const cases: BenchCase[] = [];
    const ours = timedContender("ours", writeDataset, { home, service: "windows", out: out("ours") });
    const references = [
      { name: "6 windows, 3M rows: RANGE", sqlTo: rangeSql, rounds: 3, tolerant: true },
      { name: "6 windows, 3M rows: prefix sums, ASOF", sqlTo: prefixSql, rounds: 1, tolerant: false },
    ];
    for (const { name, sqlTo, rounds, tolerant } of references) {
      const file = out("reference");
      const reference = timedContender(name, runSql, { sql: sqlTo(file) });
      const [us, them] = await alternate([ours, reference], { rounds });
      const different = await differences(out("ours"), file, tolerant);
      log(`${name}: ${different} of 3,000,000 rows differ; ${memoryOf(us, them)}`);
      cases.push(compare(name, us, them, { equal: different === 0n }));
    }
    return cases;
  });
}
