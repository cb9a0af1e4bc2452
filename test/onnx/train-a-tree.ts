// A trainer for tests: what the word before the folder says, it does. `tree` learns one step of one feature.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { openDuckDb } from "../../src/adapters/duckdb/open-duckdb.ts";
import { sqlIdentifier, sqlString } from "../../src/core/expression/sql-text.ts";
import { treeModel } from "./onnx-bytes.ts";

const [what, folder] = process.argv.slice(2);
const say = (line: string): void => void writeSync(2, `${line}\n`);
const inFolder = (name: string): string => path.join(folder, name);

interface Description {
  readonly label: string;
  readonly features: readonly { readonly name: string }[];
  readonly rows: number;
}

async function tree(): Promise<void> {
  const { label, features, rows } = JSON.parse(readFileSync(inFolder("description.json"), "utf8")) as Description;
  const engine = await openDuckDb({ memoryLimit: "200MB", temporaryFolder: folder });
  const session = await engine.session();
  const table = `read_parquet(${sqlString(inFolder("train.parquet"))})`;
  const mean = `avg(${sqlIdentifier(label)})`;
  const first = `CAST(${sqlIdentifier(features[0].name)} AS DOUBLE)`;
  const [found] = await session.rows(
    `SELECT count(*) AS n, ${mean} FILTER (WHERE coalesce(${first} <= 0.5, true)) AS low, ${mean} FILTER (WHERE ${first} > 0.5) AS high FROM ${table}`,
    {
      n: { kind: "int64", nullable: false },
      low: { kind: "float64", nullable: true },
      high: { kind: "float64", nullable: true },
    },
  );
  await session.close();
  await engine.close();
  if (Number(found["n"]) !== rows) throw new Error("the table has other rows than it is said to have");
  say(`learnt from ${rows} rows`);
  writeFileSync(
    inFolder("model.onnx"),
    treeModel(features.length, (found["low"] ?? 0) as number, (found["high"] ?? 0) as number),
  );
  writeFileSync(inFolder("metrics.json"), JSON.stringify({ "mean label": 0.5, rows }));
}

switch (what) {
  case "tree":
    await tree();
    break;
  case "fail":
    for (let i = 0; i < 30; i++) say(`line ${i}`);
    process.exit(3);
  case "nothing":
    break;
  case "rubbish":
    writeFileSync(inFolder("model.onnx"), "rubbish");
    break;
  case "narrow":
    writeFileSync(inFolder("model.onnx"), treeModel(1, 0, 1));
    break;
  case "figures":
    writeFileSync(inFolder("model.onnx"), treeModel(2, 0, 1));
    writeFileSync(inFolder("metrics.json"), JSON.stringify({ auc: "good" }));
    break;
  case "sleep": {
    // A process of its own that outlives it, unless it is ended with it.
    process.on("SIGTERM", () => {});
    const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
      stdio: "inherit",
    });
    say(`processes ${process.pid} ${child.pid}`);
    setInterval(() => {}, 1000);
    break;
  }
  default:
    throw new Error(`unknown: ${what}`);
}
