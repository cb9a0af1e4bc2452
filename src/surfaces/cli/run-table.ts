import type { RunReport } from "../../core/result/status.ts";
import { bytes, count, moment, seconds } from "./format.ts";
import { withTimes } from "./with-times.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

export function runTable(runs: readonly RunReport[], style: Style): string {
  const paint: Readonly<Record<string, (text: string) => string>> = {
    failed: style.red,
    interrupted: style.yellow,
    running: style.bold,
  };
  return table(
    [
      { right: "run" },
      "kind",
      "target",
      "state",
      "started",
      { right: "rows" },
      { right: "bytes" },
      { right: "time" },
      "result in",
    ],
    runs.map((r) => [
      String(r.id),
      r.kind,
      r.target,
      r.state,
      moment(r.startedAt),
      count(r.rows),
      bytes(r.bytes),
      seconds(r.seconds),
      r.location,
    ]),
    style,
    (cell, column, row) => (column === 3 ? (paint[runs[row].state]?.(cell) ?? cell) : cell),
  );
}

export function runJson(run: RunReport): Record<string, unknown> {
  return withTimes(run, "startedAt", "endedAt");
}
