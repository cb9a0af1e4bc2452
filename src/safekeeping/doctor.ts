import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDuckDb } from "../adapters/duckdb/open-duckdb.ts";
import { examineLog, type ExaminedLog, writerOf } from "../adapters/file-log/examine-log.ts";
import { readFileLog } from "../adapters/file-log/read-file-log.ts";
import { recover } from "../adapters/file-log/recover.ts";
import { takeWriterLock } from "../adapters/file-log/writer-lock.ts";
import { examineRegistry } from "../adapters/sqlite/examine-registry.ts";
import { openSqliteRegistry } from "../adapters/sqlite/open-sqlite-registry.ts";
import type { Configuration } from "../configuration.ts";
import { decodeLoad } from "../core/codec/load-entry.ts";
import { ENTRY } from "../core/codec/record-batch.ts";
import { type Catalog, catalogOf, fingerprintOf, sourceNamed } from "../core/definition/catalog.ts";
import { batchStream, sourceStream } from "../core/definition/stream.ts";
import { checkInterrupted } from "../core/interruption.ts";
import { PINNED, STAGING, TEMPORARY } from "../core/plan/folders.ts";
import type { DoctorOutcome } from "../core/result/doctor.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import type { LogPosition } from "../ports/event-log.ts";
import type { RegistryStore } from "../ports/registry-store.ts";
import type { MaterializableView } from "../stages/online/materializable-view.ts";
import { examineLeftovers, examineModels, examineOffline, mustBeStore } from "./examine-offline.ts";
import { examineOnline, type ExaminedOnline } from "./examine-online.ts";
import { examineSchedule } from "./examine-schedule.ts";
import { FIX, Findings, RESTORE } from "./findings.ts";

export interface DoctorOptions extends WorkOptions {
  /** Mends what is safe to mend: nothing that only one part of the store knows is touched. */
  readonly fix?: boolean;
}

/**
 * Checks every part of a store against every other, and changes nothing, unless it is to mend. Another process may be
 * writing to the store; to mend it, none may. Each part is looked at for itself: damage of one hides nothing of the others.
 * @throws ASOF_HOME where there is no store, ASOF_HOME_LOCKED where it is to be mended and is in use, ASOF_INTERRUPTED
 */
export async function doctor(
  configuration: Configuration & { readonly home: string },
  options: DoctorOptions = {},
): Promise<DoctorOutcome> {
  const began = performance.now();
  const { home } = configuration;
  await mustBeStore(home);
  const folder = path.join(home, "log");
  const lock = options.fix === true ? await takeWriterLock(path.join(folder, "writer.lock")) : null;
  const temporary = await mkdtemp(path.join(tmpdir(), "asof-doctor-"));
  try {
    const writer = lock === null ? await writerOf(folder) : null;
    const examined = await examine(configuration, options, writer, temporary);
    const findings = await examined.findings.settle(options.fix === true);
    return { home, writer, ...examined.outcome, findings, compared: null, seconds: (performance.now() - began) / 1000 };
  } finally {
    await lock?.release();
    await rm(temporary, { recursive: true, force: true });
  }
}

type Examined = Omit<DoctorOutcome, "home" | "writer" | "findings" | "compared" | "seconds">;

async function examine(
  { home, definitions }: Configuration & { readonly home: string },
  options: WorkOptions,
  writer: number | null,
  temporary: string,
): Promise<{ readonly outcome: Examined; readonly findings: Findings }> {
  const findings = new Findings();
  const isWritten = writer !== null;
  const { signal } = options;
  const modules = (Array.isArray(definitions) ? definitions : [definitions]) as readonly Readonly<
    Record<string, unknown>
  >[];
  const catalog = catalogOf(modules.flatMap((module) => Object.values(module)));
  // In this order: what is looked at later may only be ahead of what was looked at before.
  const online = await examineOnline({ home, views: viewsOf(catalog), isWritten, ...options }, findings);
  checkInterrupted(signal);
  const registry = await openRegistry(home, findings);
  try {
    const state = registry === null ? null : await registry.offlineState();
    const log = await logOf(home, isWritten, findings);
    const positions = { archived: state?.archived ?? null, applied: state?.applied ?? null };
    // Where the log is damaged nobody knows how far it had come.
    if (log !== null && !findings.has("log")) comparePositions({ home, log, online, ...positions }, findings);
    const loaded = await loadsOf(home, log, state?.applied ?? 0, findings);
    let offline = { files: 0, rows: 0, bytes: 0 };
    let models = { versions: 0, bytes: 0 };
    if (registry !== null) {
      const engine = await openDuckDb({ temporaryFolder: temporary, memoryLimit: "512MB" });
      try {
        offline = await examineOffline({ home, registry, engine, loaded, isWritten, ...options }, findings);
      } finally {
        await engine.close();
      }
      models = await examineModels({ home, registry, isWritten }, findings);
    }
    await examineSchedule(home, findings);
    if (!isWritten) await examineLeftovers(home, [STAGING, TEMPORARY, PINNED], findings);
    return {
      findings,
      outcome: {
        log: { segments: log?.segments ?? 0, bytes: log?.bytes ?? 0, start: log?.start ?? 0, end: log?.end ?? 0 },
        registry: {
          revision: registry === null ? null : (await registry.revision()).revision,
          archived: positions.archived,
        },
        offline,
        online: { entries: online.entries, bytes: online.bytes, position: online.position },
        models,
      },
    };
  } finally {
    await registry?.close();
  }
}

async function openRegistry(home: string, findings: Findings): Promise<RegistryStore | null> {
  const file = path.join(home, "registry.sqlite");
  try {
    for (const what of examineRegistry(file))
      findings.add({ part: "registry", code: "ASOF_CORRUPT", what, file, remedy: RESTORE });
    return await openSqliteRegistry(file);
  } catch (error) {
    findings.caught(error, "registry", file, RESTORE);
    return null;
  }
}

async function logOf(home: string, isWritten: boolean, findings: Findings): Promise<ExaminedLog | null> {
  const folder = path.join(home, "log");
  const log = await examineLog(folder, isWritten);
  for (const { file, byte, why, code, torn } of log.faults)
    if (torn)
      findings.add(
        { part: "log", code, what: `${path.basename(file)} has a torn end at byte ${byte}: ${why}`, file, remedy: FIX },
        async () => (await recover(folder)).handle.close(),
      );
    else
      findings.add({
        part: "log",
        code,
        what: why.includes(file) ? why : `${path.basename(file)} is damaged at byte ${byte}: ${why}`,
        file,
        remedy: code === "ASOF_FORMAT" ? "Upgrade asof." : RESTORE,
      });
  if (log.segments === 0)
    findings.add({ part: "log", code: "ASOF_CORRUPT", what: "the log has no segment", file: folder, remedy: RESTORE });
  return log.segments === 0 ? null : log;
}

/** How far each part has come: none may be ahead of the log, and none may need what the log has dropped. */
function comparePositions(
  parts: {
    readonly home: string;
    readonly log: ExaminedLog;
    readonly online: ExaminedOnline;
    readonly archived: LogPosition | null;
    readonly applied: LogPosition | null;
  },
  findings: Findings,
): void {
  const { home, log, online, archived, applied } = parts;
  const compare = (part: "online" | "registry", what: string, position: LogPosition | null): void => {
    if (position === null) return;
    const add = (why: string): void =>
      findings.add({
        part,
        code: "ASOF_CORRUPT",
        what: `${what} ${why}`,
        file: path.join(home, "log"),
        remedy: RESTORE,
      });
    if (position > log.end) add(`has the log up to ${position}, but the log ends at ${log.end}`);
    else if (position < log.start)
      add(`has the log up to ${position}, but the log begins at ${log.start}: what lies between is lost`);
  };
  compare("registry", "the offline store", archived);
  compare("registry", "the list of files", applied);
  compare("online", "the online store", online.position);
  compare("online", "the index of ids", online.identities);
}

/** Files of loads that are in the log and not yet in the list: those must be there too. */
async function loadsOf(
  home: string,
  log: ExaminedLog | null,
  applied: LogPosition,
  findings: Findings,
): Promise<Set<string>> {
  const loaded = new Set<string>();
  if (log === null || findings.has("log")) return loaded;
  const reader = await readFileLog(path.join(home, "log"));
  for await (const { kind, position, payload } of reader.read(Math.max(reader.start, Math.min(applied, reader.end))))
    if (kind === ENTRY.load && position >= applied) for (const file of decodeLoad(payload).files) loaded.add(file.path);
  return loaded;
}

/** The views that the online store may hold, as they are defined now. */
function viewsOf(catalog: Catalog): MaterializableView[] {
  return [...catalog.views.values()].flatMap((view): MaterializableView[] => {
    if (view.kind !== "aggregateView" && view.kind !== "batchView") return [];
    const fingerprint = fingerprintOf(catalog, view);
    const common = { fingerprint, keys: catalog.entities.get(view.entity)!.keys };
    if (view.kind === "batchView") return [{ ...common, view, stream: batchStream(catalog, view, fingerprint).name }];
    return [{ ...common, view, source: sourceStream(sourceNamed(catalog, view.source)), stream: view.source }];
  });
}
