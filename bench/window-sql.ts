import { queryRows } from "./query-rows.ts";

// Twenty window features of flights by three entities, and the same in SQL by hand. A flight is known 15 minutes after
// its departure: every contender sees available times that are not event times.

const HOUR = 3_600;
const DAY = 24 * HOUR;
const seconds = { "1h": HOUR, "3h": 3 * HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY } as const;
const DELAY = 900;

type WindowName = keyof typeof seconds;
type Aggregate = "flights" | "late" | "delay";
type Windows = Readonly<Record<Aggregate, readonly WindowName[]>>;

const airport: Windows = { flights: ["1h", "1d"], late: ["3h", "7d"], delay: ["1d", "7d", "30d"] };

/** By alias: the columns that are its key, and its windows. */
export const views = {
  origin: { keys: ["origin"], windows: airport },
  destination: { keys: ["destination"], windows: airport },
  route: {
    keys: ["origin", "destination"],
    windows: { flights: ["1d", "30d"], late: ["7d", "30d"], delay: ["7d", "30d"] },
  },
} as const satisfies Record<string, { readonly keys: readonly string[]; readonly windows: Windows }>;

interface Feature {
  readonly name: string;
  readonly alias: keyof typeof views;
  readonly aggregate: Aggregate;
  readonly window: WindowName;
}

const features: readonly Feature[] = Object.entries(views).flatMap(([alias, { windows }]) =>
  Object.entries(windows).flatMap(([aggregate, names]) =>
    names.map((window) => ({
      name: `${alias}__${aggregate}_${window}`,
      alias: alias as Feature["alias"],
      aggregate: aggregate as Aggregate,
      window,
    })),
  ),
);

const carried = ["date", "delay", "distance", "origin", "destination"];
const aliases = Object.keys(views) as Feature["alias"][];
const of = (alias: Feature["alias"]): readonly Feature[] => features.filter((feature) => feature.alias === alias);
const windowsOf = (alias: Feature["alias"]): WindowName[] => [...new Set(of(alias).map(({ window }) => window))];

/** Seconds in SQL: what is generated, and every hop, is whole in them. */
const spine = (file: string): string =>
  `(SELECT ${carried.join(", ")}, CAST(epoch(date) AS BIGINT) AS t, CAST(delay > 15 AS INTEGER) AS late,
      file_row_number AS row FROM read_parquet('${file}', file_row_number = true))`;

/** The tail of a window: our hops are 5 minutes up to half a day, hours up to twelve days, then days. */
const tail = (window: WindowName): string => {
  const length = seconds[window];
  const hop = length < DAY / 2 ? 300 : length < 12 * DAY ? HOUR : DAY;
  return `(t - ${length} - (t - ${length}) % ${hop})`;
};

/** DuckDB's window frames by range, one a window. The row number is for the comparison. */
export function rangeSql(file: string, out: string): string {
  const expression = { flights: "count(*)", late: "avg(late)", delay: "avg(delay)" };
  const frames = aliases.flatMap((alias) =>
    windowsOf(alias).map(
      (window) =>
        `${alias}_${window} AS (PARTITION BY ${views[alias].keys.join(", ")} ORDER BY t
           RANGE BETWEEN t - ${tail(window)} PRECEDING AND ${DELAY + 1} PRECEDING)`,
    ),
  );
  const columns = features.map(
    ({ name, alias, aggregate, window }) => `${expression[aggregate]} OVER ${alias}_${window} AS "${name}"`,
  );
  return `COPY (SELECT row, ${carried.join(", ")}, ${columns.join(", ")} FROM ${spine(file)} WINDOW ${frames.join(", ")})
          TO '${out}' (FORMAT parquet)`;
}

/** More seconds than there are, and with millions of keys before it within 63 bits. */
const KEY = 2 ** 36;

/**
 * The best SQL we know. Keys become numbers and stand, with the time behind them, in one integer; by it run prefix sums
 * over everything, whose differences hold within a key. What a window's end reaches is looked up once for each that
 * occurs, by an ASOF join on that integer alone, and joined to the rows by equality. Tried and slower: prefix sums by
 * key with an ASOF join a window (2.4 times the time), with look-ups of distinct ends (1.3), `last_value` over `RANGE`
 * frames of prefix sums (2.5).
 */
export function prefixSql(file: string, out: string): string {
  const statements = [
    `CREATE TABLE places AS SELECT name, row_number() OVER () AS id
       FROM (SELECT origin AS name FROM '${file}' UNION SELECT destination FROM '${file}')`,
    `CREATE TABLE routes AS SELECT origin, destination, row_number() OVER () AS id
       FROM (SELECT DISTINCT origin, destination FROM '${file}')`,
    `CREATE TABLE f AS SELECT s.*, o.id * ${KEY} AS origin_k, d.id * ${KEY} AS destination_k, r.id * ${KEY} AS route_k
       FROM ${spine(file)} s JOIN places o ON o.name = s.origin JOIN places d ON d.name = s.destination
         JOIN routes r ON r.origin = s.origin AND r.destination = s.destination`,
  ];
  const joins: string[] = [];
  const end = (alias: Feature["alias"], name: string, at: string): void => {
    statements.push(
      `CREATE TABLE "${alias}_${name}" AS SELECT d.at, p.n, p.late, p.delay
         FROM (SELECT DISTINCT ${alias}_k + ${at} AS at FROM f) d ASOF JOIN ${alias}_prefix p ON d.at > p.k`,
    );
    joins.push(`LEFT JOIN "${alias}_${name}" ON ${alias}_k + ${at} = "${alias}_${name}".at`);
  };
  for (const alias of aliases) {
    statements.push(
      `CREATE TABLE ${alias}_prefix AS SELECT k, CAST(sum(n) OVER ${alias}_w AS BIGINT) AS n,
           CAST(sum(late) OVER ${alias}_w AS BIGINT) AS late, CAST(sum(delay) OVER ${alias}_w AS BIGINT) AS delay
         FROM (SELECT ${alias}_k + t AS k, count(*) AS n, sum(late) AS late, sum(delay) AS delay FROM f GROUP BY ALL)
         WINDOW ${alias}_w AS (ORDER BY k ROWS UNBOUNDED PRECEDING)`,
    );
    end(alias, "head", `(t - ${DELAY})`);
    for (const window of windowsOf(alias)) end(alias, window, tail(window));
  }
  const columns = features.map(({ name, alias, aggregate, window }) => {
    const between = (column: string): string =>
      `(coalesce("${alias}_head".${column}, 0) - coalesce("${alias}_${window}".${column}, 0))`;
    if (aggregate === "flights") return `${between("n")} AS "${name}"`;
    return `CAST(${between(aggregate)} AS DOUBLE) / nullif(${between("n")}, 0) AS "${name}"`;
  });
  const rows = carried.map((name) => `f.${name}`).join(", ");
  statements.push(
    `COPY (SELECT row, ${rows}, ${columns.join(", ")} FROM f ${joins.join(" ")}) TO '${out}' (FORMAT parquet)`,
  );
  return statements.join(";\n");
}

/**
 * How many rows differ in any column; the reference's rows are in an order of its own. Our averages are exact sums
 * divided once. DuckDB's `avg` of integers divides in 80 bits and rounds to a double then: once in ten thousand rows
 * that is the neighbouring double, which `tolerant` lets pass.
 */
export async function differences(ours: string, reference: string, tolerant: boolean): Promise<bigint> {
  const differs = [...carried, ...features.map(({ name }) => name)].map((name) => {
    const isAverage = features.some((feature) => feature.name === name && feature.aggregate !== "flights");
    const different = `o."${name}" IS DISTINCT FROM r."${name}"`;
    if (!isAverage || !tolerant) return `(${different})`;
    return `(${different} AND coalesce(abs(o."${name}" - r."${name}") > 2.23e-16 * abs(r."${name}"), true))`;
  });
  const [{ n }] = await queryRows(
    `SELECT count(*) AS n FROM read_parquet('${ours}', file_row_number = true) o
     FULL JOIN '${reference}' r ON o.file_row_number = r.row
     WHERE o.date IS NULL OR r.date IS NULL OR ${differs.join(" OR ")}`,
  );
  return n as bigint;
}

/**
 * Of a result for copies of one table behind one another in time, `copyRows` rows each: how many rows of the later
 * copies differ from the same rows of the second, whose windows reach as far back as theirs.
 */
export async function copiesThatDiffer(result: string, copyRows: number): Promise<bigint> {
  const differs = features.map(({ name }) => `a."${name}" IS DISTINCT FROM b."${name}"`);
  const table = `read_parquet('${result}', file_row_number = true)`;
  const [{ n }] = await queryRows(
    `SELECT count(*) AS n
     FROM (SELECT *, file_row_number % ${copyRows} AS i FROM ${table} WHERE file_row_number >= ${2 * copyRows}) a
       JOIN (SELECT *, file_row_number % ${copyRows} AS i FROM ${table}
             WHERE file_row_number >= ${copyRows} AND file_row_number < ${2 * copyRows}) b USING (i)
     WHERE ${differs.join(" OR ")}`,
  );
  return n as bigint;
}

/** How many of the first rows differ between two of our results. */
export async function firstRowsThatDiffer(one: string, other: string, rows: number): Promise<bigint> {
  const differs = [...carried, ...features.map(({ name }) => name)].map(
    (name) => `a."${name}" IS DISTINCT FROM b."${name}"`,
  );
  const table = (file: string): string =>
    `(SELECT * FROM read_parquet('${file}', file_row_number = true) WHERE file_row_number < ${rows})`;
  const [{ n }] = await queryRows(
    `SELECT count(*) AS n FROM ${table(one)} a FULL JOIN ${table(other)} b USING (file_row_number)
     WHERE a.date IS NULL OR b.date IS NULL OR ${differs.join(" OR ")}`,
  );
  return n as bigint;
}
