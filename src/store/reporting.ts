import { decodeDropped, DROPPED } from "../core/codec/dropped-history.ts";
import { HISTORY } from "../core/plan/folders.ts";
import type { MonitoringReport } from "../core/result/monitoring.ts";
import type { RunReport, StatusReport } from "../core/result/status.ts";
import type { OfflineFile, RunKind } from "../ports/registry-store.ts";
import { modelStatus, sourceStatus, viewStatus } from "../stages/monitoring/status.ts";
import type { Fold } from "../stages/online/fold.ts";
import type { OpenStore } from "./open-store.ts";
import type { Watch } from "./watch.ts";

/** What there is: how fresh, how large, what ran. */
export class Reporting {
  private readonly store: OpenStore;
  private readonly watch: Watch;

  constructor(store: OpenStore, watch: Watch) {
    this.store = store;
    this.watch = watch;
  }

  async monitoring(): Promise<MonitoringReport> {
    const { registry, refresh } = this.store.parts;
    await refresh();
    const fold = await this.store.fold();
    return this.monitored(fold, await registry.files());
  }

  private async monitored(fold: Fold, files: readonly OfflineFile[]): Promise<MonitoringReport> {
    const { clock, registry, log } = this.store.parts;
    const now = clock.now();
    const watermark =
      (await this.store.present()) ?? (fold.watermark === Number.MIN_SAFE_INTEGER ? null : fold.watermark);
    const { start, end } = log;
    const folded = Math.min(fold.position, end);
    return {
      now,
      watermark,
      freshness: watermark === null ? null : Math.max(0, now - watermark),
      log: {
        start,
        end,
        folded,
        archived: (await registry.offlineState()).archived,
        unfolded: end - folded,
        ...(this.store.writer?.writer.queue ?? { queued: 0, queueLimit: 0 }),
      },
      ...(await this.watch.report(now, files)),
    };
  }

  async status(): Promise<StatusReport> {
    const { home, catalog, registry, log, online, files, refresh } = this.store.parts;
    await refresh();
    const known = await registry.files();
    const dropped = decodeDropped(await registry.note(DROPPED));
    const inLog = await this.store.offline.inLog();
    const fold = await this.store.fold();
    const { unnamed: _, ...monitored } = await this.monitored(fold, known);
    return {
      home,
      revision: (await registry.revision()).revision,
      ...monitored,
      log: { ...monitored.log, bytes: await log.bytes() },
      offline: {
        bytes: (await files.list(HISTORY)).reduce((sum, { bytes }) => sum + bytes, 0),
        files: known.length,
        sources: sourceStatus(catalog, known, inLog, dropped),
      },
      online: { bytes: await online.bytes() },
      views: await viewStatus(catalog, known, fold.views.views, online),
      models: await modelStatus(catalog, registry, known, inLog, dropped),
      runs: await this.runs({ limit: 10 }),
    };
  }

  async runs(filter: { readonly kind?: string; readonly limit?: number } = {}): Promise<RunReport[]> {
    const { kind, limit } = filter;
    const runs = await this.store.parts.registry.runs({
      ...(kind === undefined ? {} : { kind: kind as RunKind }),
      ...(limit === undefined ? {} : { limit }),
    });
    return runs.map((run) => this.store.recorder.reportOf(run));
  }
}
