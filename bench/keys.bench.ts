import path from "node:path";
import { needsOf, runSql, timedContender, withFolder, withStore, writeDataset } from "./flights.ts";
import { hotFlights, scatteredFlights } from "./generated-flights.ts";
import { alternate, type BenchCase, type BenchOptions, compare } from "./measure.ts";
import { differences, prefixSql } from "./window-sql.ts";

// Twenty window features where keys are not as flights have them: one that three in ten records have, and millions.

const inputs = [
  { name: "a key of 30 % of 3M rows", generate: hotFlights },
  { name: "5M keys of 12M rows", generate: (file: string) => scatteredFlights(file, 5_700_000) },
];

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const { name, generate } of inputs.filter(({ name }) => args.every((word) => name.includes(word))))
    await withFolder(async (folder) => {
      const out = (name: string): string => path.join(folder, `${name}.parquet`);
      const file = out("flights");
      await generate(file);
      await withStore({ file, compute: false }, async (home) => {
        const [us, them] = await alternate(
          [
            timedContender("ours", writeDataset, { home, service: "windows", spine: file, out: out("ours") }),
            timedContender("prefix sums, ASOF", runSql, { sql: prefixSql(file, out("reference")) }),
          ],
          { rounds: 1 },
        );
        const different = await differences(out("ours"), out("reference"), false);
        log(`${name}: ${different} rows differ; ${needsOf(us, them)}`);
        cases.push(compare(`20 windows, ${name}: prefix sums, ASOF`, us, them, { equal: different === 0n }));
      });
    });
  return cases;
}
