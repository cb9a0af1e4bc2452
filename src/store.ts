import { idFields } from "./core/codec/retractions.ts";
import { StreamSchemas } from "./core/codec/stream-schemas.ts";
import { fingerprintOf, modelNamed, serviceNamed, sourceNamed } from "./core/definition/catalog.ts";
import type { Definition, ModelDefinition, SourceDefinition } from "./core/definition/data.ts";
import { servedStream, sourceStream } from "./core/definition/stream.ts";
import { assert } from "./core/assert.ts";
import { AsofError } from "./core/errors.ts";
import { formatOf } from "./core/plan/file-relation.ts";
import { HISTORY } from "./core/plan/folders.ts";
import { requestReader } from "./core/plan/request-rows.ts";
import { planService, type ServicePlan } from "./core/plan/service-plan.ts";
import type { FeatureAnswer } from "./core/result/answers.ts";
import type { AuditOutcome } from "./core/result/audit.ts";
import type { HistoryFilter, HistoryRow } from "./core/result/history.ts";
import type {
  ComputeOutcome,
  CorrectOutcome,
  DatasetOutcome,
  IngestOutcome,
  LoadOutcome,
  MaterializeOutcome,
  ModelSummary,
  ReplayOutcome,
  RetractOutcome,
  TrainOutcome,
} from "./core/result/outcomes.ts";
import type { Explanation } from "./core/result/explanation.ts";
import { type Knowledge, parseKnowledge } from "./core/result/knowledge.ts";
import type { AuditReport, MonitoringReport } from "./core/result/monitoring.ts";
import type { ForgetOptions, ForgetOutcome } from "./core/result/forget.ts";
import type { Plan } from "./core/result/plan.ts";
import type { WorkOptions } from "./core/result/progress.ts";
import type { CatalogEntry, RunReport, StatusReport } from "./core/result/status.ts";
import type {
  AuditOptions,
  DatasetOptions,
  FilesOptions,
  IngestOptions,
  LoadOptions,
  ReadOptions,
  ReplayOptions,
  Store,
  UntypedRequest,
} from "./core/result/store.ts";
import type { Fields, Row } from "./core/schema/data-type.ts";
import { formatTimestamp, parseTimestamp, type Timestamp, type TimestampInput } from "./core/time/timestamp.ts";
import type { Beacon, Sign } from "./ports/beacon.ts";
import type { ModelVersion, OfflineFile, RunKind } from "./ports/registry-store.ts";
import type { LoadedModel } from "./ports/trainer.ts";
import { mustHaveId } from "./stages/ingest/ingest.ts";
import { readRecords } from "./stages/ingest/read-records.ts";
import { replay } from "./stages/ingest/replay.ts";
import { NewestRecords } from "./stages/monitoring/newest-records.ts";
import { modelStatus, sourceStatus, viewStatus } from "./stages/monitoring/status.ts";
import { answerAsOf } from "./stages/offline/as-of.ts";
import { audit } from "./stages/offline/audit.ts";
import { writeDataset } from "./stages/offline/dataset.ts";
import { readHistory } from "./stages/offline/read-history.ts";
import { examplesJoin, sourceRows } from "./stages/offline/examples-join.ts";
import { OfflineStore } from "./stages/offline/offline-store.ts";
import { sourceFacts } from "./stages/offline/source-facts.ts";
import { Fold } from "./stages/online/fold.ts";
import { Registry } from "./stages/registry/registry.ts";
import { reportOf, RunRecorder } from "./stages/registry/run-recorder.ts";
import { FeatureReader, type Present } from "./stages/serving/feature-reader.ts";
import { ModelServer } from "./stages/serving/model-server.ts";
import { listModels } from "./stages/training/model-list.ts";
import { Training } from "./stages/training/train.ts";
import { Definitions } from "./store/definitions.ts";
import { Forgetting } from "./store/forgetting.ts";
import { unverifiableUntil } from "./store/forgotten-list.ts";
import type { StoreParts } from "./store/store-parts.ts";
import { explain, type ExplainParts } from "./store/explain.ts";
import { Watch } from "./store/watch.ts";
import { restoreSchemas, type Shared, Writing } from "./store/writing.ts";

export type { Store } from "./core/result/store.ts";
export type { StoreParts } from "./store/store-parts.ts";

/** Wires the stages over the ports, and takes up what an earlier process left. */
export async function createStore(parts: StoreParts): Promise<Store> {
  const store = new EmbeddedStore(parts);
  await store.open();
  return store;
}

/** Records of files that are withdrawn or corrected at once. */
const PORTION = 10_000;

const OFFLINE = "offline store";
const ONLINE = "online store";

/** A feature service as it is asked: its plan, the check of requests, the reader of answers. */
interface OpenService {
  readonly plan: ServicePlan;
  readonly rows: (requests: readonly unknown[]) => Row[];
  readonly reader: FeatureReader;
}

class EmbeddedStore implements Store, Shared {
  readonly parts: StoreParts;
  readonly schemas = new StreamSchemas();
  readonly offline: OfflineStore;
  private readonly registry: Registry;
  readonly definitions: Definitions;
  readonly recorder: RunRecorder;
  readonly newest: NewestRecords;
  private readonly watch: Watch;
  private readonly training: Training;
  private readonly modelServer: ModelServer;
  private readonly services = new Map<string, OpenService>();
  private writingParts: Writing | null = null;
  private forgetting: Forgetting | null = null;
  private closing: Promise<void> | null = null;

  constructor(parts: StoreParts) {
    const { registry, files, log, catalog, engine, clock } = parts;
    this.parts = parts;
    this.offline = new OfflineStore({ registry, files, log, schemas: this.schemas });
    const facts = {
      of: (source: string): ReturnType<typeof sourceFacts> =>
        sourceFacts(sourceNamed(catalog, source), { engine, registry, store: this.offline }),
      logged: async (source: string): Promise<number> => (await this.offline.inLog()).get(source) ?? 0,
    };
    this.registry = new Registry(registry, catalog, facts, parts.versions);
    this.definitions = new Definitions(catalog, this.registry, clock);
    this.recorder = new RunRecorder(parts.recordsRuns ? registry : null, clock);
    this.training = new Training(parts);
    this.modelServer = new ModelServer({
      registry,
      clock,
      load: (version) => this.loadModel(version),
      append: async (stream, records) => {
        const writing = this.writing();
        await writing.ingest.append(stream, records);
        writing.appended();
      },
    });
    this.newest = new NewestRecords(log, this.schemas);
    this.watch = new Watch({
      parts,
      offline: this.offline,
      newest: this.newest,
      planOf: (service) => this.service(service).plan,
      loadModel: (model, version) => this.modelVersion(model, version),
      logged: () => this.modelServer.logged(),
    });
  }

  async open(): Promise<void> {
    await restoreSchemas(this.parts, this.schemas);
    const { writing } = this.parts;
    if (writing instanceof AsofError) return this.watch.open();
    this.writingParts = await Writing.open(this, writing);
    this.forgetting = new Forgetting(this, this.writingParts, {
      served: () => this.modelServer.logged(),
      forgetExamples: () => this.watch.forgetExamples(),
    });
    await this.forgetting.resume();
    await this.watch.open();
  }

  // definitions

  async plan(): Promise<Plan> {
    await this.parts.refresh();
    return this.registry.plan();
  }

  apply(expected?: number): Promise<Plan> {
    return this.recorder.record(
      "apply",
      "definitions",
      "registry",
      async () => {
        const plan = await this.registry.apply(expected, this.parts.clock.now());
        await this.writingParts?.materializer.follow(await this.definitions.appliedViews());
        return plan;
      },
      ({ changes, revision }) => ({
        rows: changes.filter(({ change }) => change !== "unchanged").length,
        bytes: null,
        details: { revision },
      }),
    );
  }

  catalog(): Promise<CatalogEntry[]> {
    return this.definitions.entries();
  }

  definition(kind: Definition["kind"], name: string): Definition {
    return this.definitions.named(kind, name);
  }

  // 1 ingest

  async load(name: string, files: readonly string[], options: LoadOptions = {}): Promise<LoadOutcome> {
    const writing = this.writing();
    const { loader, writer } = writing;
    const source = sourceNamed(this.parts.catalog, name);
    await this.definitions.mustBeApplied(name);
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    const request = {
      ...work(options),
      source,
      views: this.definitions.viewsOver(name),
      files,
      format: options.format ?? formatOf(files[0]),
      from: timeOrNull(options.from),
      until: timeOrNull(options.until),
      rejects: options.rejects ?? false,
      key: options.idempotencyKey ?? null,
    };
    const outcome = await writing.upkeep.shared(() =>
      this.recorder.record(
        "load",
        name,
        OFFLINE,
        async (id) => {
          const first = await this.offline.isEmpty(sourceStream(source));
          return loader.load({ ...request, id: `load-${id}`, first, now: (await writer.cut()).t });
        },
        (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
      ),
    );
    await writing.compact();
    return outcome;
  }

  ingest(name: string, records: readonly UntypedRequest[], options: IngestOptions = {}): Promise<IngestOutcome> {
    return this.take(name, ({ ingest }, source) => ingest.ingest(source, records, options.idempotencyKey ?? null));
  }

  retract(name: string, ids: readonly UntypedRequest[]): Promise<RetractOutcome> {
    return this.take(name, ({ ingest }, source) => ingest.retract(source, ids));
  }

  correct(name: string, records: readonly UntypedRequest[]): Promise<CorrectOutcome> {
    return this.take(name, ({ ingest }, source) => ingest.correct(source, records));
  }

  retractFiles(name: string, files: readonly string[], options: FilesOptions = {}): Promise<RetractOutcome> {
    const { fields, id = [] } = sourceNamed(this.parts.catalog, name);
    return this.takeFiles(name, files, id.length === 0 ? fields : idFields(fields, id), options, (ids) =>
      this.retract(name, ids),
    );
  }

  correctFiles(name: string, files: readonly string[], options: FilesOptions = {}): Promise<CorrectOutcome> {
    const { fields } = sourceNamed(this.parts.catalog, name);
    return this.takeFiles(name, files, fields, options, (records) => this.correct(name, records));
  }

  /** Takes the rows of files in portions; the outcome sums up theirs, from the first on. */
  private async takeFiles<O extends RetractOutcome | CorrectOutcome>(
    name: string,
    files: readonly string[],
    fields: Fields,
    { format, signal, onProgress }: FilesOptions,
    take: (rows: readonly Row[]) => Promise<O>,
  ): Promise<O> {
    const { catalog, engine } = this.parts;
    const source = sourceNamed(catalog, name);
    mustHaveId(source);
    this.writing();
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    const read = { source, fields, files, format: format ?? formatOf(files[0]), rows: PORTION };
    let sum: O | null = null;
    let done = 0;
    for await (const rows of readRecords(engine, { ...read, ...(signal === undefined ? {} : { signal }) })) {
      const outcome = await take(rows);
      done += rows.length;
      onProgress?.({ phase: name, done, total: null, unit: "rows" });
      sum = sum === null ? outcome : added(sum, outcome);
    }
    if (sum === null) throw new AsofError("ASOF_EMPTY", `${files.join(", ")}: there are no rows`, { source: name });
    return sum;
  }

  private async take<T>(name: string, by: (writing: Writing, source: SourceDefinition) => Promise<T>): Promise<T> {
    const writing = this.writing();
    const source = sourceNamed(this.parts.catalog, name);
    await this.definitions.mustTakeRecords(name);
    const outcome = await by(writing, source);
    writing.appended();
    return outcome;
  }

  confirmClock(): void {
    this.writing().writer.confirmClock();
  }

  async settled(): Promise<void> {
    const { fold } = this.writing();
    await this.modelServer.logged();
    await fold.settled();
  }

  async replay(name: string, options: ReplayOptions): Promise<ReplayOutcome> {
    const writing = this.writing();
    const { log } = writing;
    const { engine, clock, catalog } = this.parts;
    const source = sourceNamed(catalog, name);
    await this.definitions.mustBeApplied(name);
    const { files, at } = options;
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    return this.recorder.record(
      "replay",
      name,
      ONLINE,
      async () => {
        const before = await log.bytes();
        const replayed = await replay(engine, clock, {
          ...work(options),
          source,
          files,
          format: options.format ?? formatOf(files[0]),
          from: parseTimestamp(options.from),
          until: parseTimestamp(options.until),
          moments: at?.moments ?? [],
          visit: at?.visit ?? (() => Promise.resolve()),
          // Stamped within the call, before the clock moves on.
          ingest: async (records) => {
            await writing.ingest.ingest(source, records);
            writing.appended();
          },
          settled: () => this.settled(),
        });
        return { ...replayed, bytes: (await log.bytes()) - before };
      },
      (outcome) => ({ rows: outcome.records, bytes: outcome.bytes, details: outcome }),
    );
  }

  // 2 compute

  async compute(names?: readonly string[], options: WorkOptions = {}): Promise<ComputeOutcome[]> {
    const writing = this.writing();
    const { computer, writer } = writing;
    const { catalog } = this.parts;
    const outcomes: ComputeOutcome[] = [];
    for (const view of this.definitions.batchViews(names)) {
      await this.definitions.mustBeApplied(view.name);
      const stream = this.definitions.batchStream(view);
      const compute = (id: number): Promise<ComputeOutcome> =>
        computer.compute({ ...work(options), catalog, view, stream, id: `compute-${id}`, cut: () => writer.cut() });
      outcomes.push(
        await writing.upkeep.shared(() =>
          this.recorder.record("compute", view.name, OFFLINE, compute, (outcome) => ({
            rows: outcome.rows,
            bytes: outcome.bytes,
            details: outcome,
          })),
        ),
      );
    }
    await writing.compact();
    return outcomes;
  }

  async history(name: string, filter: HistoryFilter): Promise<HistoryRow[]> {
    const { catalog, engine, log, refresh } = this.parts;
    await refresh();
    const source = catalog.sources.get(name);
    const stream =
      source === undefined
        ? this.definitions.batchStream(this.definitions.batchViews([name])[0])
        : sourceStream(source);
    return this.undisturbed(() => readHistory(engine, this.offline, stream, log.end, filter));
  }

  // 3 train

  dataset(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    return this.undisturbed(() => this.datasetNow(name, options));
  }

  private async datasetNow(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    const { catalog, engine, clock, log, refresh } = this.parts;
    const { plan } = this.service(name);
    const knowledge = parseKnowledge(options.knowledge);
    const watermark = await this.completeUntil();
    await refresh();
    return this.recorder.record(
      "dataset",
      name,
      OFFLINE,
      () =>
        writeDataset(engine, this.offline, clock, {
          ...work(options),
          catalog,
          plan,
          spine: options.spine,
          time: options.time ?? "t",
          inputs: options.inputs ?? {},
          out: options.out,
          cut: log.end,
          watermark,
          knowledge,
        }),
      (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
    );
  }

  train(name: string, options: WorkOptions & { readonly promote?: boolean } = {}): Promise<TrainOutcome> {
    return this.undisturbed(() => this.trainNow(name, options));
  }

  private async trainNow(name: string, options: WorkOptions & { readonly promote?: boolean }): Promise<TrainOutcome> {
    const { catalog, engine, clock, log, refresh } = this.parts;
    const model = modelNamed(catalog, name);
    await this.definitions.mustBeApplied(name);
    await refresh();
    const { plan } = this.service(model.service);
    const cut = log.end;
    const outcome = await this.recorder.record(
      "train",
      name,
      "model registry",
      () =>
        this.training.train({
          ...work(options),
          model,
          fingerprint: fingerprintOf(catalog, model),
          source: sourceNamed(catalog, model.examples.source),
          plan,
          rows: sourceRows(engine, this.offline, catalog, cut, options.signal),
          join: examplesJoin(engine, this.offline, plan, cut, options.signal),
          promote: options.promote ?? true,
          now: clock.now(),
        }),
      (result) => ({ rows: result.trainRows, bytes: result.bytes, details: result }),
    );
    this.modelServer.forget(name);
    return outcome;
  }

  async models(name?: string): Promise<ModelSummary[]> {
    if (name !== undefined) modelNamed(this.parts.catalog, name);
    return listModels(this.parts.registry, name);
  }

  async promote(name: string, version: number): Promise<void> {
    modelNamed(this.parts.catalog, name);
    await this.parts.registry.promote(name, version, this.parts.clock.now());
    this.modelServer.forget(name);
  }

  // 4 materialize

  async materialize(names?: readonly string[], options: WorkOptions = {}): Promise<MaterializeOutcome[]> {
    const { materializer, upkeep } = this.writing();
    const all = await this.definitions.appliedViews();
    const outcomes: MaterializeOutcome[] = [];
    for (const { name } of this.definitions.storedViews(names)) {
      await this.definitions.mustBeApplied(name);
      const view = all.find((one) => one.view.name === name)!;
      outcomes.push(
        await upkeep.shared(() =>
          this.recorder.record(
            "materialize",
            name,
            ONLINE,
            () => materializer.materialize(view, all, work(options)),
            (outcome) => ({ rows: outcome.keys, bytes: outcome.bytes, details: outcome }),
          ),
        ),
      );
    }
    return outcomes;
  }

  // 5 serve

  async features(
    service: string | { readonly definition: { readonly name: string } },
    requests: unknown,
    options: ReadOptions = {},
  ): Promise<never> {
    const { plan, rows, reader } = this.service(typeof service === "string" ? service : service.definition.name);
    const read = rows(listOf(requests));
    const at = options.at === undefined ? null : parseTimestamp(options.at);
    const knowledge = parseKnowledge(options.knowledge);
    const answers =
      at === null && knowledge === "served"
        ? await reader.read(read)
        : await this.featuresAt(plan, read, at, knowledge);
    if (at === null && knowledge === "served") this.watch.answered(plan, read, answers);
    return oneOrAll(requests, answers);
  }

  async predict(model: string | { readonly definition: ModelDefinition }, requests: unknown): Promise<never> {
    this.writing();
    const { catalog } = this.parts;
    const definition = modelNamed(catalog, typeof model === "string" ? model : model.definition.name);
    const { plan, rows, reader } = this.service(definition.service);
    const served = { model: definition, plan, stream: servedStream(catalog, definition) };
    const read = rows(listOf(requests));
    const answers = await this.modelServer.predict(served, read, (asked) => reader.read(asked));
    await this.watch.predicted(definition.name, plan, answers);
    return oneOrAll(requests, answers);
  }

  audit(name: string, options: AuditOptions = {}): Promise<AuditOutcome> {
    return this.undisturbed(() => this.auditNow(name, options));
  }

  private async auditNow(name: string, options: AuditOptions): Promise<AuditOutcome> {
    const { catalog, engine, registry, log, clock, refresh } = this.parts;
    const began = clock.elapsed();
    const model = modelNamed(catalog, name);
    await refresh();
    await this.modelServer.logged();
    const loaded = new Map<number, LoadedModel>();
    const modelOf = async (version: number): Promise<LoadedModel> => {
      const present = loaded.get(version);
      if (present !== undefined) return present;
      const one = await this.modelVersion(name, version);
      loaded.set(version, one);
      return one;
    };
    try {
      const audited = await audit(engine, this.offline, {
        plan: this.service(model.service).plan,
        stream: servedStream(catalog, model),
        cut: log.end,
        since: await unverifiableUntil(registry, this.service(model.service).plan),
        predict: async (version, features, rows) => (await modelOf(version)).predict(features, rows),
        onPrediction: options.onPrediction ?? (() => {}),
        signal: options.signal,
      });
      return { model: name, ...audited, seconds: clock.elapsed() - began };
    } finally {
      for (const one of loaded.values()) one.close();
    }
  }

  explain(view: string, feature: string, keys: UntypedRequest, options: ReadOptions = {}): Promise<Explanation> {
    const { parts, offline } = this;
    const store: ExplainParts = {
      parts,
      offline,
      readerOf: (plan) => new FeatureReader(plan, parts.online, this.presentOfStore()),
      momentOf: (at) => this.momentOf(at),
    };
    return this.undisturbed(() => explain(store, view, feature, keys, options));
  }

  async auditServed(): Promise<AuditReport> {
    this.writing();
    await this.watch.auditNow();
    return (await this.monitoring()).audit;
  }

  async forget(
    entity: string,
    keys: Readonly<Record<string, unknown>>,
    options: ForgetOptions = {},
  ): Promise<ForgetOutcome> {
    this.writing();
    assert(this.forgetting !== null, "the writer can forget");
    const { forgetting } = this;
    if (options.dryRun === true) return forgetting.forget(entity, keys, { ...work(options), dryRun: true });
    return this.watch.whileForgetting(() => forgetting.forget(entity, keys, work(options)));
  }

  // what there is

  async monitoring(): Promise<MonitoringReport> {
    const { registry, refresh } = this.parts;
    await refresh();
    const fold = this.writingParts?.fold ?? (await this.readFold());
    return this.monitored(fold, await registry.files());
  }

  private async monitored(fold: Fold, files: readonly OfflineFile[]): Promise<MonitoringReport> {
    const { clock, registry, log } = this.parts;
    const now = clock.now();
    const watermark = (await this.present()) ?? (fold.watermark === Number.MIN_SAFE_INTEGER ? null : fold.watermark);
    const { start, end } = log;
    const folded = Math.min(fold.position, end);
    return {
      now,
      watermark,
      freshness: watermark === null ? null : Math.max(0, now - watermark),
      log: { start, end, folded, archived: (await registry.offlineState()).archived, unfolded: end - folded },
      ...(await this.watch.report(now, files)),
    };
  }

  async status(): Promise<StatusReport> {
    const { home, catalog, registry, log, online, files, refresh } = this.parts;
    await refresh();
    const known = await registry.files();
    const inLog = await this.offline.inLog();
    const fold = this.writingParts?.fold ?? (await this.readFold());
    const monitored = await this.monitored(fold, known);
    return {
      home,
      revision: (await registry.revision()).revision,
      ...monitored,
      log: { ...monitored.log, bytes: await log.bytes() },
      offline: {
        bytes: (await files.list(HISTORY)).reduce((sum, { bytes }) => sum + bytes, 0),
        files: known.length,
        sources: sourceStatus(catalog, known, inLog),
      },
      online: { bytes: await online.bytes() },
      views: await viewStatus(catalog, known, fold.views.views, online),
      models: await modelStatus(catalog, registry, known, inLog),
      runs: await this.runs({ limit: 10 }),
    };
  }

  async runs(filter: { readonly kind?: string; readonly limit?: number } = {}): Promise<RunReport[]> {
    const { kind, limit } = filter;
    const runs = await this.parts.registry.runs({
      ...(kind === undefined ? {} : { kind: kind as RunKind }),
      ...(limit === undefined ? {} : { limit }),
    });
    return runs.map(reportOf);
  }

  close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    const { engine, online, index, registry } = this.parts;
    try {
      try {
        await this.watch.close();
        await this.modelServer.logged();
      } finally {
        await this.writingParts?.close();
      }
    } finally {
      this.modelServer.close();
      await Promise.all([engine.close(), online.close(), index.close(), registry.close(), this.parts.beacon.close()]);
    }
  }

  /** What the writer has. @throws ASOF_CLOSED; ASOF_HOME_LOCKED where another process is the writer */
  private writing(): Writing {
    if (this.closing !== null) throw new AsofError("ASOF_CLOSED", "the store is closed");
    const { writing } = this.parts;
    if (writing instanceof AsofError) throw writing;
    assert(this.writingParts !== null, "the store is open");
    return this.writingParts;
  }

  private service(name: string): OpenService {
    let found = this.services.get(name);
    if (found === undefined) {
      const plan = planService(this.parts.catalog, serviceNamed(this.parts.catalog, name));
      found = {
        plan,
        rows: requestReader(plan),
        reader: new FeatureReader(plan, this.parts.online, this.presentOfStore()),
      };
      this.services.set(name, found);
    }
    return found;
  }

  /** The features of requests as of a past moment, or of now where it is null, from history. */
  private async featuresAt(
    plan: ServicePlan,
    requests: readonly Row[],
    at: Timestamp | null,
    knowledge: Knowledge,
  ): Promise<FeatureAnswer[]> {
    const { engine, log } = this.parts;
    const { t, now } = await this.momentOf(at);
    const hindsight = knowledge === "now" ? now : undefined;
    return this.undisturbed(() => answerAsOf(engine, this.offline, plan, requests, t, log.end, { hindsight }));
  }

  /** A moment asked about, now where it is null, and now, with all that was there at it. @throws ASOF_FUTURE_READ */
  private async momentOf(at: Timestamp | null): Promise<{ readonly t: Timestamp; readonly now: Timestamp }> {
    const now = await this.completeUntil();
    await this.parts.refresh();
    if (at === null || at <= now) return { t: at ?? now, now };
    throw new AsofError(
      "ASOF_FUTURE_READ",
      `${formatTimestamp(at)} lies ahead of the watermark ${formatTimestamp(now)}`,
      {
        at: formatTimestamp(at),
        watermark: formatTimestamp(now),
      },
    );
  }

  /** Reads history while no file of it is replaced by this process. */
  private async undisturbed<T>(read: () => Promise<T>): Promise<T> {
    return this.writingParts === null ? read() : this.writingParts.upkeep.shared(read);
  }

  private async present(): Promise<Timestamp | null> {
    return this.presentOfStore().moment();
  }

  /** The moment before which nothing can become visible any more that is not in the log now. */
  private async completeUntil(): Promise<Timestamp> {
    if (this.writingParts !== null) return (await this.present()) ?? (await this.writingParts.writer.cut()).t;
    const { position, watermark } = await this.readFold();
    const sign = this.parts.beacon.look();
    if (sign !== null && sign.position === position) return Math.max(sign.t, watermark);
    return watermark === Number.MIN_SAFE_INTEGER ? this.parts.clock.now() : watermark;
  }

  private presentOfStore(): Present {
    const writing = this.writingParts;
    if (writing === null) return presentOfBeacon(this.parts.beacon);
    const { fold, writer } = writing;
    return {
      get position() {
        return fold.position;
      },
      moment: () => writer.present(fold.position),
    };
  }

  /** Where the fold of another process stands. */
  private async readFold(): Promise<Fold> {
    const fold = new Fold(this.parts.log, this.parts.online, this.schemas);
    await fold.open();
    return fold;
  }

  /** @throws ASOF_UNKNOWN_MODEL_VERSION */
  private async modelVersion(model: string, version: number): Promise<LoadedModel> {
    const found = (await this.parts.registry.models(model)).find((candidate) => candidate.version === version);
    if (found === undefined)
      throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `model ${model} has no version ${version}`, { model, version });
    return this.loadModel(found);
  }

  private async loadModel(version: ModelVersion): Promise<LoadedModel> {
    return this.training.runtime(version.runtime).load(await this.training.bytes(version));
  }
}

/** The present as another process tells it. */
function presentOfBeacon(beacon: Beacon): Present {
  let sign: Sign | null = null;
  return {
    get position() {
      return sign?.position ?? -1;
    },
    moment: () => {
      sign = beacon.look();
      return sign?.t ?? null;
    },
  };
}

/** Counts added up; where it began stays. */
function added<O extends RetractOutcome | CorrectOutcome>(sum: O, next: O): O {
  const counts = Object.entries(next).map(([name, value]) => [
    name,
    typeof value === "number" && name !== "position" && name !== "stamp"
      ? value + (sum[name as keyof O] as number)
      : sum[name as keyof O],
  ]);
  return Object.fromEntries(counts) as O;
}

function listOf(requests: unknown): readonly unknown[] {
  return Array.isArray(requests) ? requests : [requests];
}

/** As many answers as were asked for. Their types are those of the overload that was called. */
function oneOrAll(requests: unknown, answers: readonly unknown[]): never {
  return (Array.isArray(requests) ? answers : answers[0]) as never;
}

function work({ signal, onProgress }: WorkOptions): WorkOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}

function timeOrNull(input: TimestampInput | undefined): Timestamp | null {
  return input === undefined ? null : parseTimestamp(input);
}
