import type { ShadowedRows, ShadowReport } from "../../core/result/monitoring.ts";

/** What the shadow of each model did; of the version that was heard of last. */
export class ShadowCounts {
  private readonly counts = new Map<string, ShadowReport>();
  private readonly changed = new Set<string>();

  /** Goes on where an earlier process left off. */
  restore(report: ShadowReport): void {
    this.counts.set(report.model, report);
  }

  add(rows: ShadowedRows): void {
    const { model, version } = rows;
    const before = this.counts.get(model);
    this.counts.set(model, before?.version === version ? sum(before, rows) : rows);
    this.changed.add(model);
  }

  of(model: string, version: number): ShadowReport {
    const found = this.counts.get(model);
    if (found?.version === version) return found;
    return { model, version, predictions: 0, errors: 0, dropped: 0, error: null };
  }

  /** What has changed since the last call. */
  take(): readonly ShadowReport[] {
    const taken = [...this.changed].map((model) => this.counts.get(model)!);
    this.changed.clear();
    return taken;
  }

  /** What `take` gave was not written. */
  untake(reports: readonly ShadowReport[]): void {
    for (const { model } of reports) this.changed.add(model);
  }

  /** As `take`, and begins anew: another process sums up. */
  drain(): readonly ShadowReport[] {
    const taken = this.take();
    this.counts.clear();
    return taken;
  }
}

function sum(a: ShadowReport, b: ShadowedRows): ShadowReport {
  return {
    ...a,
    predictions: a.predictions + b.predictions,
    errors: a.errors + b.errors,
    dropped: a.dropped + b.dropped,
    error: b.error ?? a.error,
  };
}
