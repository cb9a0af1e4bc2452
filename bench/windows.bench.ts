import path from "node:path";
import { FLIGHTS, needsOf, runSql, timedContender, withStore, writeDataset } from "./flights.ts";
import { alternate, type BenchCase, type BenchOptions, compare } from "./measure.ts";
import { differences, prefixSql, rangeSql } from "./window-sql.ts";

// Twenty window features by origin, destination and route for each of three million flights, from all three million
// flights: ours against SQL by hand. Arguments: words of the name of a reference, for that one alone.

const references = [
  { name: "prefix sums, ASOF", sqlTo: prefixSql, rounds: 3, tolerant: false },
  { name: "RANGE", sqlTo: rangeSql, rounds: 3, tolerant: true },
] as const;

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  return withStore({ compute: false }, async (home, folder) => {
    const out = (name: string): string => path.join(folder, `${name}.parquet`);
    const cases: BenchCase[] = [];
    const ours = timedContender("ours", writeDataset, { home, service: "windows", out: out("ours") });
    for (const { name, sqlTo, rounds, tolerant } of references.filter(({ name }) =>
      args.every((word) => name.includes(word)),
    )) {
      const file = out("reference");
      const reference = timedContender(name, runSql, { sql: sqlTo(FLIGHTS, file) });
      const [us, them] = await alternate([ours, reference], { rounds });
      const different = await differences(out("ours"), file, tolerant);
      const title = `20 windows, 3M rows: ${name}`;
      log(`${title}: ${different} of 3,000,000 rows differ; ${needsOf(us, them)}`);
      cases.push(compare(title, us, them, { equal: different === 0n }));
    }
    return cases;
  });
}
