import path from "node:path";
import { needsOf, runSql, timedContender, withFolder, withStore, writeDataset } from "./flights.ts";
import { copiedFlights } from "./generated-flights.ts";
import { alternate, type BenchCase, type BenchOptions, compare, type Measurement } from "./measure.ts";
import { copiesThatDiffer, differences, firstRowsThatDiffer, prefixSql } from "./window-sql.ts";

// Twenty window features for 3 million flights, and for copies of them behind one another in time: twice the rows may
// take 2.2 times the time. Arguments: how many copies at the most (10).

const ROWS = 3_000_000;
const ALLOWED = 2.2;

type Result = Measurement<{ readonly milliseconds: number; readonly cpuSeconds: number }>;

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  const most = Number(args[0] ?? 10);
  return withFolder(async (folder) => {
    const cases: BenchCase[] = [];
    let before: { readonly copies: number; readonly time: Result; readonly out: string } | null = null;
    for (const copies of [1, 2, 4, 10].filter((copies) => copies <= most)) {
      const file = path.join(folder, `flights-${copies}.parquet`);
      const out = path.join(folder, `result-${copies}.parquet`);
      await copiedFlights(file, copies);
      const { time, different } = await withStore({ file, compute: false }, async (home) => {
        const ours = timedContender(`${3 * copies}M rows`, writeDataset, {
          home,
          service: "windows",
          spine: file,
          out,
        });
        const [time] = await alternate([ours], { rounds: copies > 4 ? 1 : 3 });
        return { time, different: await differ(folder, { file, out, copies, before: before?.out ?? null }) };
      });
      log(`${different} of ${copies * ROWS} rows differ; ${needsOf(time)}`);
      if (before !== null) {
        const allowed = before.time.milliseconds * ALLOWED ** Math.log2(copies / before.copies);
        const name = `${3 * copies}M rows: ${ALLOWED} times ${3 * before.copies}M for each doubling`;
        cases.push(compare(name, time, { ...time, milliseconds: allowed }, { equal: different === 0n }));
      }
      before = { copies, time, out };
    }
    return cases;
  });
}

/** Two copies are compared with SQL; of more, the first two with those, and the others with the second. */
async function differ(
  folder: string,
  { file, out, copies, before }: { file: string; out: string; copies: number; before: string | null },
): Promise<bigint> {
  if (copies <= 2) {
    const reference = path.join(folder, "reference.parquet");
    await runSql({ sql: prefixSql(file, reference) });
    return differences(out, reference, false);
  }
  return (await firstRowsThatDiffer(before!, out, 2 * ROWS)) + (await copiesThatDiffer(out, ROWS));
}
