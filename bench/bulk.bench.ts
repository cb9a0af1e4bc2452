import path from "node:path";
import { eventSource, t } from "../src/index.ts";
import { open } from "../src/open.ts";
import { FLIGHTS, needsOf, runSql, timed, type Timed, withFolder } from "./flights.ts";
import { copiedFlights, numberedFlights } from "./generated-flights.ts";
import { alternate, type BenchCase, type BenchOptions, compare, type Contender, inFreshProcess } from "./measure.ts";
import { queryRows } from "./query-rows.ts";

// `store.load` of Parquet against DuckDB's own COPY of the same file into Parquet by day, all of its cores and memory.
//
//   npm run bench -- bulk            3M flights, and 1M of a source whose records have an id
//   npm run bench -- bulk 30         30M rows instead (or 100, or any number of millions), with the memory over time

const MODULE = new URL(import.meta.url);
const MILLION = 1_000_000;
const COLUMNS = ["date", "delay::BIGINT", "distance::BIGINT", "origin", "destination"];

const fields = {
  date: t.timestamp(),
  delay: t.int32(),
  distance: t.int32(),
  origin: t.string(),
  destination: t.string(),
};
const about = { eventTime: "date", availableAt: "15m" } as const;
const plain = eventSource("flights", { fields, ...about });
const withId = eventSource("flights", { fields: { ...fields, number: t.int64() }, ...about, id: ["number"] });

interface Loaded extends Timed {
  /** Resident memory of the process, in MB, sampled over the load. */
  readonly memory: readonly number[];
}

/** Makes a store and loads a file into it; the time is that of the load alone. */
export async function load({ home, file, id }: { home: string; file: string; id: boolean }): Promise<Loaded> {
  const store = await open({ home, definitions: { flights: id ? withId : plain } });
  try {
    await store.apply();
    const memory: number[] = [];
    const timer = setInterval(() => memory.push(Math.round(process.memoryUsage.rss() / 2 ** 20)), 250);
    const measured = await timed(() => store.load("flights", [file]));
    clearInterval(timer);
    return { ...measured, memory };
  } finally {
    await store.close();
  }
}

/** One more folder each round, as both sides refuse to write over what is there. */
function into<T extends Timed>(name: string, run: (round: number) => Promise<{ result: T; peakMemory?: number }>) {
  let round = 0;
  return {
    name,
    async measure() {
      const one = await run(round++);
      return { ...one, milliseconds: one.result.milliseconds };
    },
  } satisfies Contender<T>;
}

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly id: boolean;
  readonly rounds: number;
  readonly generate: ((file: string) => Promise<void>) | null;
}

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  const more = args.map(Number).filter((millions) => millions > 0);
  const cases: Case[] = [
    { name: "3M flights", rows: 3 * MILLION, id: false, rounds: 5, generate: null },
    { name: "1M, with an id", rows: MILLION, id: true, rounds: 1, generate: (file) => numberedFlights(file, MILLION) },
    ...more.map((millions) => ({
      name: `${millions}M rows`,
      rows: millions * MILLION,
      id: false,
      rounds: 1,
      generate: (file: string) => copiedFlights(file, Math.ceil(millions / 3), millions * MILLION),
    })),
  ];
  const results: BenchCase[] = [];
  for (const one of more.length > 0 ? cases.slice(-more.length) : cases) results.push(await measure(one, log));
  return results;
}

function measure({ name, rows, id, rounds, generate }: Case, log: BenchOptions["log"]): Promise<BenchCase> {
  return withFolder(async (folder) => {
    const file = generate === null ? FLIGHTS : path.join(folder, "flights.parquet");
    await generate?.(file);
    const home = (round: number): string => path.join(folder, `home-${round}`);
    const copy = (round: number): string => path.join(folder, `copy-${round}`);
    const [us, them] = await alternate<Timed & Partial<Loaded>>(
      [
        into("asof", (round) => inFreshProcess<Loaded>(MODULE, load.name, { home: home(round), file, id })),
        into("DuckDB COPY", (round) =>
          inFreshProcess<Timed>(new URL("./flights.ts", import.meta.url), runSql.name, {
            sql: `COPY (SELECT *, CAST(date AS DATE) AS day FROM '${file}') TO '${copy(round)}' (FORMAT parquet, PARTITION_BY (day))`,
          }),
        ),
      ],
      { rounds, warmups: rounds > 1 ? 1 : 0 },
    );
    const columns = id ? [...COLUMNS, "number"] : COLUMNS;
    const [ours, theirs] = [await summary(path.join(home(0), "offline"), columns), await summary(copy(0), columns)];
    log(`${name}: ${ours}; ${needsOf(us, them)}`);
    const memory = us.result.memory ?? [];
    if (memory.length > 0) log(`${name}: resident MB over time ${everyNth(memory, 24).join(" ")}`);
    return compare(`${name}: COPY by day`, us, them, { equal: ours === theirs, rate: { work: rows, unit: "rows/s" } });
  });
}

/** How many rows Parquet files hold, and what does not change with their order. */
async function summary(folder: string, columns: readonly string[]): Promise<string> {
  const [row] = await queryRows(
    `SELECT count(*) AS n, sum(hash(${columns.join(", ")})::HUGEINT)::VARCHAR AS h
     FROM read_parquet('${folder}/**/*.parquet', hive_partitioning = false)`,
  );
  return `${String(row["n"])} rows, ${String(row["h"])}`;
}

function everyNth(values: readonly number[], most: number): number[] {
  const step = Math.ceil(values.length / most);
  return values.filter((_, i) => i % step === 0);
}
