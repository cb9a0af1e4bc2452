import { headPrefix } from "../../core/codec/online-keys.ts";
import type { OnlineView } from "../../core/codec/online-meta.ts";
import { type Catalog, fingerprintOf } from "../../core/definition/catalog.ts";
import { batchStream, servedStream } from "../../core/definition/stream.ts";
import type { DroppedDays, DroppedHistory } from "../../core/codec/dropped-history.ts";
import { DAY, type Timestamp } from "../../core/time/timestamp.ts";
import { floorTo } from "../../core/time/window.ts";
import type { ModelStatus, RetentionStatus, SourceStatus, ViewStatusReport } from "../../core/result/status.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import type { OfflineFile, RegistryStore } from "../../ports/registry-store.ts";

/** What history holds of each source. */
export function sourceStatus(
  catalog: Catalog,
  files: readonly OfflineFile[],
  inLog: ReadonlyMap<string, number>,
  dropped: DroppedHistory,
): SourceStatus[] {
  return [...catalog.sources.values()].map(({ name, retention }) => {
    const own = files.filter(({ stream }) => stream === name);
    const unarchived = inLog.get(name) ?? 0;
    const minEvent = least(own, ({ minEvent }) => minEvent);
    return {
      name,
      rows: sum(own, ({ rows }) => rows) + unarchived,
      bytes: sum(own, ({ bytes }) => bytes),
      files: own.length,
      minEvent,
      maxEvent: most(own, ({ maxEvent }) => maxEvent),
      inLog: unarchived,
      retention: retentionStatus(retention ?? null, minEvent, dropped[name]),
    };
  });
}

function retentionStatus(
  period: number | null,
  minEvent: Timestamp | null,
  dropped: DroppedDays | undefined,
): RetentionStatus | null {
  if (period === null && dropped === undefined) return null;
  const { horizon = null, files = 0, rows = 0, bytes = 0, at = null } = dropped ?? {};
  const oldestDay = minEvent === null ? null : floorTo(minEvent, DAY);
  return { period, horizon, oldestDay, dropped: { files, rows, bytes, at } };
}

/** Where each view is, offline and online. */
export async function viewStatus(
  catalog: Catalog,
  files: readonly OfflineFile[],
  online: readonly OnlineView[],
  store: OnlineStore,
): Promise<ViewStatusReport[]> {
  const reports: ViewStatusReport[] = [];
  for (const view of catalog.views.values()) {
    const fingerprint = fingerprintOf(catalog, view);
    const served = online.find((one) => one.fingerprint === fingerprint) ?? null;
    const stream =
      view.kind === "batchView"
        ? batchStream(catalog, view, fingerprint).name
        : view.kind === "aggregateView"
          ? view.source
          : null;
    const own = files.filter((file) => file.stream === stream);
    const loaded =
      most(
        own.filter(({ kind }) => kind === "load"),
        ({ end }) => end,
      ) ?? 0;
    reports.push({
      name: view.name,
      kind: view.kind,
      offlineRows: view.kind === "batchView" ? sum(own, ({ rows }) => rows) : null,
      onlineKeys: served === null ? null : await store.count(headPrefix(served.state)),
      onlinePosition: served?.loads ?? null,
      stale: view.kind !== "onDemandView" && loaded > (served?.loads ?? 0),
      maxEvent: most(own, ({ maxEvent }) => maxEvent),
    });
  }
  return reports;
}

/** What the registry and the served log hold of each model. */
export async function modelStatus(
  catalog: Catalog,
  registry: RegistryStore,
  files: readonly OfflineFile[],
  inLog: ReadonlyMap<string, number>,
  dropped: DroppedHistory,
): Promise<ModelStatus[]> {
  const versions = await registry.models();
  const statuses: ModelStatus[] = [];
  for (const model of catalog.models.values()) {
    const { name: stream } = servedStream(catalog, model);
    const archived = files.filter((file) => file.stream === stream);
    const { current, canary, shadow } = await registry.serving(model.name);
    statuses.push({
      name: model.name,
      versions: versions.filter((version) => version.model === model.name).length,
      promoted: current?.version ?? null,
      canary: canary === null ? null : { version: canary.version.version, share: canary.share },
      shadow: shadow?.version ?? null,
      served: sum(archived, ({ rows }) => rows) + (inLog.get(stream) ?? 0),
      servedSince: dropped[stream]?.horizon ?? null,
    });
  }
  return statuses;
}

function sum(files: readonly OfflineFile[], of: (file: OfflineFile) => number): number {
  return files.reduce((total, file) => total + of(file), 0);
}

function least(files: readonly OfflineFile[], of: (file: OfflineFile) => number): number | null {
  return files.reduce<number | null>((found, file) => Math.min(found ?? Infinity, of(file)), null);
}

function most(files: readonly OfflineFile[], of: (file: OfflineFile) => number): number | null {
  return files.reduce<number | null>((found, file) => Math.max(found ?? -Infinity, of(file)), null);
}
