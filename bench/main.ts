import { readdirSync } from "node:fs";
import os from "node:os";
import type { BenchCase, BenchOptions } from "./measure.ts";

// npm run --silent bench -- <name> [--json] [arguments of the bench]

interface Bench {
  run(options: BenchOptions): Promise<BenchCase[]>;
}

const suffix = ".bench.ts";
const folder = new URL("./", import.meta.url);

function machine(): Record<string, string | number> {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
  };
}

function format(value: number): string {
  const magnitude = Math.abs(value);
  return value.toLocaleString("en-US", { maximumFractionDigits: magnitude >= 100 ? 0 : magnitude >= 1 ? 2 : 4 });
}

function table(cases: readonly BenchCase[]): string {
  const rows = [
    ["case", "ours", "reference", "unit", "ratio", "equal"],
    ...cases.map((one) => [
      one.case,
      format(one.ours),
      format(one.reference),
      one.unit,
      `${format(one.ratio)}×`,
      one.equal ? "yes" : "NO",
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = (column: number) => column === 1 || column === 2 || column === 4;
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const json = args.includes("--json");
  const [name, ...rest] = args.filter((argument) => argument !== "--json");

  const names = readdirSync(folder)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .toSorted();
  if (name === undefined) {
    process.stdout.write("usage: npm run --silent bench -- <name> [--json]\n\n");
    process.stdout.write(names.map((one) => `  ${one}\n`).join("") || "  (no benches yet)\n");
    return 0;
  }
  if (!names.includes(name)) {
    process.stderr.write(`no bench "${name}"; there are: ${names.join(", ") || "none"}\n`);
    return 1;
  }

  const bench = (await import(new URL(`${name}${suffix}`, folder).href)) as Bench;
  const cases = await bench.run({ args: rest, log: (message) => process.stderr.write(`${message}\n`) });
  const report = { name, machine: machine(), cases };
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    const { cpu, cores, memoryGB, node } = report.machine;
    process.stdout.write(`${name}: ${cpu}, ${cores} cores, ${memoryGB} GB, Node ${node}\n\n${table(cases)}\n`);
  }
  return cases.length > 0 && cases.every((one) => one.equal) ? 0 : 1;
}

process.exitCode = await main();
