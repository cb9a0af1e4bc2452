import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";

const root = fileURLToPath(new URL("../../", import.meta.url));
const flights = path.join(root, "node_modules/vega-datasets/data/flights-3m.parquet");

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Folders of readers who do what the pages say. */
export class Projects {
  readonly #folder = realpathSync(mkdtempSync(path.join(tmpdir(), "asof-docs-")));

  constructor() {
    execFileSync(process.execPath, [path.join(root, "scripts/setup.js")], { stdio: ["ignore", "ignore", "inherit"] });
    mkdirSync(path.join(this.#folder, "node_modules"));
    symlinkSync(root, path.join(this.#folder, "node_modules/asof"), "dir");
    writeFileSync(path.join(this.#folder, "package.json"), '{ "type": "module" }');
  }

  /** A new folder, with these files. */
  make(name: string, files: Readonly<Record<string, string>> = {}): string {
    const folder = path.join(this.#folder, name);
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    return folder;
  }

  /**
   * The quickstart's, which most pages are about, with few of its flights: some between six airports, of every third day
   * of June, as what takes long does so by the day.
   */
  async flights(): Promise<string> {
    const folder = this.make("flights");
    for (const name of ["definitions.ts", "asof.config.ts"])
      copyFileSync(path.join(root, "examples/flights", name), path.join(folder, name));
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const some = "('JFK', 'LAX', 'ORD', 'SEA', 'BOS', 'DEN')";
    await connection.run(
      `copy (select * from '${flights}' where origin in ${some} and destination in ${some} and date >= '2001-06-06' and day(date) % 3 = 0
             and (distance + delay) % 3 = 0) to '${path.join(folder, "flights.parquet")}' (format parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    mkdirSync(path.join(folder, "data/june"), { recursive: true });
    copyFileSync(path.join(folder, "flights.parquet"), path.join(folder, "data/june/flights.parquet"));
    return folder;
  }

  /** A shop's: payments of two months, some of which are given back, and orders that have an id. */
  shop(): string {
    const payments = Array.from({ length: 400 }, (_, i) => ({
      at: new Date(Date.UTC(2026, 0, 1 + (i % 8) * 7) + i * 60_000).toISOString(),
      customer: `customer-${i % 20}`,
      amount: 10 + (i % 7),
      refund: i % 20 < 4 && i % 3 > 0,
    }));
    const orders = [1, 2, 3, 17].map((order) => ({ order, at: "2026-02-28T08:00:00Z", amount: 5 }));
    return this.make("shop", {
      "shop.ts": shopText(),
      "definitions.ts": `import { featureService, gradientBoostedTrees, model } from "asof";
        import { activity, payments, riskFeatures } from "./shop.ts";
        export * from "./shop.ts";
        export const checkout = featureService("checkout", [activity]);
        export const fraud = model("fraud", {
          features: riskFeatures, examples: { source: payments, at: "at" }, label: "refund",
          split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] }, trainer: gradientBoostedTrees(),
        });`,
      "asof.config.ts": `import { configure } from "asof";
        import * as definitions from "./definitions.ts";
        export default configure({ definitions, clock: { simulated: "2026-03-01" } });`,
      "payments.ndjson": lines(payments),
      "orders.ndjson": lines(orders),
      "cancelled.csv": "order\n1\n2\n4\n",
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What examples are about where they do not say it themselves, as a file of the reader's. */
export const shopText = (): string => readFileSync(path.join(root, "test/docs/shop.ts"), "utf8");
