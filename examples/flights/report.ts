import type { StatusReport, Store } from "asof";

/** One row of the process table. */
export interface ProcessRow {
  readonly step: number;
  readonly action: string;
  readonly location: string;
  readonly purpose: string;
  readonly result: string;
  readonly rows: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** One row of the status tracker: what there is at a moment of the flow. */
export interface Snapshot {
  readonly at: string;
  readonly rawData: string;
  readonly batchFeatures: string;
  readonly realTimeFeatures: string;
  readonly model: string;
}

export interface Report {
  readonly process: readonly ProcessRow[];
  readonly status: readonly Snapshot[];
  readonly auc: {
    readonly without: number;
    readonly with: number;
    readonly naive: number;
    readonly online: number;
    readonly onlineRecomputed: number;
    readonly onlineN: number;
    readonly onlineSe: number;
  };
  readonly parity: { readonly compared: number; readonly different: number };
  readonly seconds: number;
  readonly peakRssMb: number;
}

/** What the store holds now, in words. */
export async function snapshot(at: string, store: Store): Promise<Snapshot> {
  const status = await store.status();
  const rows = status.offline.sources.reduce((sum, source) => sum + source.rows, 0);
  return {
    at,
    rawData: rows === 0 ? "none" : `${count(rows)} records`,
    batchFeatures: viewsIn(status, "batchView", ({ offlineRows, onlineKeys }) =>
      offlineRows === 0
        ? "none"
        : `${count(offlineRows ?? 0)} rows offline, ${onlineKeys === null ? "not online" : `${count(onlineKeys)} keys online`}`,
    ),
    realTimeFeatures: viewsIn(status, "aggregateView", ({ name, onlineKeys }) =>
      onlineKeys === null ? `${name}: not online` : `${name}: ${count(onlineKeys)} keys online`,
    ),
    model: status.models
      .map(({ versions, promoted, served }) =>
        versions === 0
          ? "none"
          : `version ${promoted ?? "none"} of ${versions} serves, ${count(served)} predictions logged`,
      )
      .join("; "),
  };
}

function viewsIn(status: StatusReport, kind: string, say: (view: StatusReport["views"][number]) => string): string {
  return status.views
    .filter((view) => view.kind === kind)
    .map(say)
    .join("; ");
}

export function printReport(report: Report): void {
  const { auc, parity } = report;
  console.log("\nThe process\n");
  console.log(
    table(
      ["step", "action", "data location", "purpose", "result", "rows", "seconds", "MB"],
      report.process.map((row) =>
        [
          row.step,
          row.action,
          row.location,
          row.purpose,
          row.result,
          count(row.rows),
          row.seconds.toFixed(1),
          (row.bytes / 1e6).toFixed(1),
        ].map(String),
      ),
    ),
  );
  console.log("\nThe state of things\n");
  console.log(
    table(
      ["at", "raw data", "batch features", "real-time features", "model"],
      report.status.map((row) => [row.at, row.rawData, row.batchFeatures, row.realTimeFeatures, row.model]),
    ),
  );
  console.log(`
How good the model is (area under the ROC curve)

  ${auc.without.toFixed(4)}  held out, hour, weekday and distance only
  ${auc.with.toFixed(4)}  held out, with the store's features
  ${auc.naive.toFixed(4)}  the leak: what a model seems to reach when its features see flights still in the air
  ${auc.online.toFixed(4)}  served over HTTP on 24–30 June, ${count(auc.onlineN)} predictions, standard error ${auc.onlineSe.toFixed(4)}
          ${auc.online}
          ${auc.onlineRecomputed} the same, from features that history gives

What was served is what history says: ${count(parity.compared)} compared, ${count(parity.different)} different.

It took ${report.seconds.toFixed(0)} s and ${count(report.peakRssMb)} MB. To go on:

  npm run asof -- status --config examples/flights     what is in each store, how fresh, what ran
  npm run asof -- get late_flight origin=ORD destination=SFO scheduled=2001-07-01T10:00:00Z distance=1846 --config examples/flights
  npm run asof -- serve --config examples/flights      the server, at http://127.0.0.1:2763
  docs/                                                the command, HTTP, errors
`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i])).join("  ")}`.trimEnd();
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}
