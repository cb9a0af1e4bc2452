import { StreamSchemas } from "./core/codec/stream-schemas.ts";
import {
  type Catalog,
  fingerprintOf,
  modelNamed,
  serviceNamed,
  sourceNamed,
  viewNamed,
} from "./core/definition/catalog.ts";
import type {
  AggregateViewDefinition,
  BatchViewDefinition,
  Definition,
  ModelDefinition,
} from "./core/definition/data.ts";
import { batchStream, servedStream, sourceStream, type Stream } from "./core/definition/stream.ts";
import { AsofError } from "./core/errors.ts";
import { formatOf } from "./core/plan/file-relation.ts";
import { requestReader } from "./core/plan/request-rows.ts";
import { planService, type ServicePlan } from "./core/plan/service-plan.ts";
import type { FeatureAnswer, PredictionAnswer } from "./core/result/answers.ts";
import type { AuditedPrediction, AuditOutcome } from "./core/result/audit.ts";
import type {
  ComputeOutcome,
  DatasetOutcome,
  IngestOutcome,
  LoadOutcome,
  MaterializeOutcome,
  ModelSummary,
  ReplayOutcome,
  TrainOutcome,
} from "./core/result/outcomes.ts";
import type { Plan } from "./core/result/plan.ts";
import type { WorkOptions } from "./core/result/progress.ts";
import type { CatalogEntry, RunReport, StatusReport } from "./core/result/status.ts";
import type { DatasetOptions, LoadOptions, ReplayOptions, Store, UntypedRequest } from "./core/result/store.ts";
import type { Row } from "./core/schema/data-type.ts";
import { formatTimestamp, parseTimestamp, type Timestamp, type TimestampInput } from "./core/time/timestamp.ts";
import type { Clock } from "./ports/clock.ts";
import type { EventLog, LogReader } from "./ports/event-log.ts";
import type { FileStore } from "./ports/file-store.ts";
import type { OfflineEngine } from "./ports/offline-engine.ts";
import type { OnlineStore } from "./ports/online-store.ts";
import type { RegistryStore, RunKind } from "./ports/registry-store.ts";
import type { LoadedModel, ModelRuntime, Trainer } from "./ports/trainer.ts";
import { Archiver } from "./stages/ingest/archive.ts";
import { BulkWriter } from "./stages/ingest/bulk-writer.ts";
import { Ingest } from "./stages/ingest/ingest.ts";
import { Loader } from "./stages/ingest/load.ts";
import { LogWriter } from "./stages/ingest/log-writer.ts";
import { replay } from "./stages/ingest/replay.ts";
import { sourceStatus, viewStatus } from "./stages/monitoring/status.ts";
import { audit } from "./stages/offline/audit.ts";
import { answerAsOf } from "./stages/offline/as-of.ts";
import { Computer } from "./stages/offline/compute.ts";
import { writeDataset } from "./stages/offline/dataset.ts";
import { examplesJoin, sourceRows } from "./stages/offline/examples-join.ts";
import { KeyedHistory } from "./stages/offline/history.ts";
import { OfflineStore } from "./stages/offline/offline-store.ts";
import { sourceFacts } from "./stages/offline/source-facts.ts";
import { Fold } from "./stages/online/fold.ts";
import { type MaterializableView, Materializer } from "./stages/online/materialize.ts";
import { Registry } from "./stages/registry/registry.ts";
import { reportOf, type RunResult, RunRecorder } from "./stages/registry/run-recorder.ts";
import { FeatureReader } from "./stages/serving/feature-reader.ts";
import { Predictor, type ServingModel } from "./stages/serving/predictor.ts";
import { type ModelDetails, Training } from "./stages/training/train.ts";

export type { Store } from "./core/result/store.ts";

/** The parts a store is made of: adapters behind ports, and the definitions. */
export interface StoreParts {
  readonly home: string;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly registry: RegistryStore;
  readonly engine: OfflineEngine;
  readonly online: OnlineStore;
  readonly files: FileStore;
  readonly log: LogReader;
  /** The same log, where this process is its writer; otherwise what says who is. */
  readonly writing: EventLog | AsofError;
  /** Looks again at what another process writes. */
  readonly refresh: () => Promise<unknown>;
  readonly trainers: readonly Trainer[];
  readonly runtimes: readonly ModelRuntime[];
}

/** Wires the stages over the ports, and takes up what an earlier process left. */
export async function createStore(parts: StoreParts): Promise<Store> {
  const store = new EmbeddedStore(parts);
  await store.open();
  return store;
}

/** What only the writer of the log has. */
interface Writing {
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly ingest: Ingest;
  readonly loader: Loader;
  readonly computer: Computer;
  readonly archiver: Archiver;
  readonly fold: Fold;
  readonly materializer: Materializer;
}

/** How long a promoted version is taken for granted, in seconds: other processes may promote another. */
const PROMOTED_SECONDS = 1;
/** Records in the log from which on closing archives them. */
const ARCHIVE_RECORDS = 20_000;

class EmbeddedStore implements Store {
  private readonly parts: StoreParts;
  private readonly offline: OfflineStore;
  private readonly registry: Registry;
  private readonly recorder: RunRecorder;
  private readonly training: Training;
  private readonly schemas: StreamSchemas;
  private writingParts: Writing | null = null;
  private readonly plans = new Map<
    string,
    { plan: ServicePlan; reader: FeatureReader; rows: (requests: readonly unknown[]) => Row[] }
  >();
  private readonly predictors = new Map<string, Predictor>();
  private readonly serving = new Map<string, ServingModel & { readonly until: number }>();
  private closing: Promise<void> | null = null;

  constructor(parts: StoreParts) {
    this.parts = parts;
    this.schemas = new StreamSchemas();
    this.offline = new OfflineStore({
      registry: parts.registry,
      files: parts.files,
      log: parts.log,
      schemas: this.schemas,
    });
    this.registry = new Registry(parts.registry, parts.catalog, (source) =>
      sourceFacts(sourceNamed(parts.catalog, source), {
        engine: parts.engine,
        registry: parts.registry,
        store: this.offline,
      }),
    );
    this.recorder = new RunRecorder(parts.registry, parts.clock);
    this.training = new Training(parts);
  }

  async open(): Promise<void> {
    const { registry, catalog, writing } = this.parts;
    this.schemas.restore(await registry.note(SCHEMAS));
    if (writing instanceof AsofError) return;
    let added = false;
    for (const stream of streamsOf(catalog)) added = this.schemas.add(stream) || added;
    if (added) await registry.setNote(SCHEMAS, JSON.stringify(this.schemas));
    await this.openWriting(writing);
  }

  private async openWriting(log: EventLog): Promise<void> {
    const { registry, engine, files, clock, online } = this.parts;
    const { schemas } = this;
    const writer = await LogWriter.open(log, clock, {
      read: async () => {
        const note = await registry.note(RESERVE);
        return note === null ? null : Number(note);
      },
      write: (until) => registry.setNote(RESERVE, String(until)),
    });
    const bulk = new BulkWriter({ files, registry, writer });
    const fold = new Fold(log, online, schemas);
    const history = new KeyedHistory(engine, this.offline, {
      source: (name) => sourceStream(sourceNamed(this.parts.catalog, name)),
      batch: (view) => this.batchStreamOf(view),
    });
    const archiver = new Archiver({ engine, log, registry, files, bulk, schemas });
    const computer = new Computer({
      engine,
      store: this.offline,
      write: (session, load) => bulk.write(session, load),
      clock,
    });
    const materializer = new Materializer({ store: online, fold, history, clock, cut: () => writer.cut() });
    await archiver.recover();
    await fold.open();
    this.writingParts = {
      log,
      writer,
      ingest: new Ingest(writer, schemas, clock),
      loader: new Loader({ engine, files, bulk, clock }),
      computer,
      archiver,
      fold,
      materializer,
    };
    await materializer.follow(await this.appliedViews());
    fold.wake();
  }

  // definitions

  async plan(): Promise<Plan> {
    await this.parts.refresh();
    return this.registry.plan();
  }

  apply(expected?: number): Promise<Plan> {
    const changed = ({ changes }: Plan): number => changes.filter(({ change }) => change !== "unchanged").length;
    return this.record(
      "apply",
      "definitions",
      "registry",
      async () => {
        const plan = await this.registry.apply(expected, this.parts.clock.now());
        if (this.writingParts !== null) await this.writingParts.materializer.follow(await this.appliedViews());
        return plan;
      },
      (plan) => ({ rows: changed(plan), bytes: null, details: { revision: plan.revision } }),
    );
  }

  async catalog(): Promise<CatalogEntry[]> {
    const { catalog } = this.parts;
    const applied = await this.registry.appliedNames();
    return catalog.all.map((definition) => ({
      kind: definition.kind,
      name: definition.name,
      fingerprint: fingerprintOf(catalog, definition),
      applied: applied.has(definition.name),
      description: definition.description ?? null,
      definition: { ...definition },
    }));
  }

  definition(kind: Definition["kind"], name: string): Definition {
    const { catalog } = this.parts;
    switch (kind) {
      case "source":
        return sourceNamed(catalog, name);
      case "service":
        return serviceNamed(catalog, name);
      case "model":
        return modelNamed(catalog, name);
      case "entity": {
        const entity = catalog.entities.get(name);
        if (entity === undefined)
          throw new AsofError("ASOF_NOT_FOUND", `there is no entity ${JSON.stringify(name)}`, { name });
        return entity;
      }
      default:
        return viewNamed(catalog, name);
    }
  }

  // 1 ingest

  async load(name: string, files: readonly string[], options: LoadOptions = {}): Promise<LoadOutcome> {
    const { loader, writer } = this.writing();
    const source = sourceNamed(this.parts.catalog, name);
    await this.mustBeApplied([name]);
    if (files.length === 0) throw new AsofError("ASOF_USAGE", "name at least one file", { source: name });
    const request = {
      ...work(options),
      source,
      files,
      format: options.format ?? formatOf(files[0]),
      from: timeOrNull(options.from),
      until: timeOrNull(options.until),
      rejects: options.rejects ?? false,
    };
    return this.record(
      "load",
      name,
      OFFLINE,
      async (id) => {
        const first = await this.offline.isEmpty(sourceStream(source));
        return loader.load({ ...request, id: `load-${id}`, first, now: (await writer.cut()).t });
      },
      (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
    );
  }

  async ingest(name: string, records: readonly UntypedRequest[]): Promise<IngestOutcome> {
    const { ingest, fold } = this.writing();
    const outcome = await ingest.ingest(sourceNamed(this.parts.catalog, name), records);
    fold.wake();
    return outcome;
  }

  async settled(): Promise<void> {
    const { fold } = this.writing();
    await this.served();
    await fold.settled();
  }

  async replay(name: string, options: ReplayOptions): Promise<ReplayOutcome> {
    this.writing();
    const source = sourceNamed(this.parts.catalog, name);
    await this.mustBeApplied([name]);
    const { files } = options;
    return this.record(
      "replay",
      name,
      "online store",
      () =>
        replay(this.parts.engine, this.parts.clock, {
          ...work(options),
          source,
          files,
          format: options.format ?? formatOf(files[0] ?? ""),
          from: parseTimestamp(options.from),
          until: parseTimestamp(options.until),
          moments: options.at?.moments ?? [],
          visit: options.at?.visit ?? (() => Promise.resolve()),
          ingest: (records) => this.ingest(name, records),
          settled: () => this.settled(),
        }),
      (outcome) => ({ rows: outcome.records, bytes: null, details: outcome }),
    );
  }

  // 2 compute

  async compute(names?: readonly string[], options: WorkOptions = {}): Promise<ComputeOutcome[]> {
    const { computer, writer } = this.writing();
    const { catalog } = this.parts;
    const views = this.viewsNamed(names, "batchView") as BatchViewDefinition[];
    const outcomes: ComputeOutcome[] = [];
    for (const view of views) {
      await this.mustBeApplied([view.name]);
      outcomes.push(
        await this.record(
          "compute",
          view.name,
          OFFLINE,
          async (id) =>
            computer.compute({
              ...work(options),
              catalog,
              view,
              stream: this.batchStreamOf(view),
              id: `compute-${id}`,
              cut: await writer.cut(),
            }),
          (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
        ),
      );
    }
    return outcomes;
  }

  // 3 train

  async dataset(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    const { catalog, engine, clock } = this.parts;
    const plan = this.serviceOf(name).plan;
    await this.parts.refresh();
    return this.record(
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
          cut: this.parts.log.end,
        }),
      (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
    );
  }

  async train(name: string, options: WorkOptions & { readonly promote?: boolean } = {}): Promise<TrainOutcome> {
    const { catalog, engine, clock, log } = this.parts;
    const model = modelNamed(catalog, name);
    await this.mustBeApplied([name]);
    await this.parts.refresh();
    const { plan } = this.serviceOf(model.service);
    const outcome = await this.record(
      "train",
      name,
      "model registry",
      () => {
        const cut = log.end;
        return this.training.train({
          ...work(options),
          model,
          fingerprint: fingerprintOf(catalog, model),
          source: sourceNamed(catalog, model.examples.source),
          plan,
          rows: sourceRows(engine, this.offline, catalog, cut, options.signal),
          join: examplesJoin(engine, this.offline, plan, cut, options.signal),
          promote: options.promote ?? true,
          now: clock.now(),
        });
      },
      (result) => ({ rows: result.trainRows, bytes: result.bytes, details: result }),
    );
    this.serving.delete(name);
    return outcome;
  }

  async models(name?: string): Promise<ModelSummary[]> {
    if (name !== undefined) modelNamed(this.parts.catalog, name);
    const versions = await this.parts.registry.models(name);
    const promoted = new Map<string, number | undefined>();
    for (const { model } of versions) promoted.set(model, (await this.parts.registry.promoted(model))?.version);
    return versions.map((version) => {
      const details = JSON.parse(version.details) as ModelDetails;
      return {
        model: version.model,
        version: version.version,
        createdAt: version.createdAt,
        promoted: promoted.get(version.model) === version.version,
        fingerprint: version.fingerprint,
        sha256: version.sha256,
        runtime: version.runtime,
        bytes: version.bytes,
        trainer: details.trainer,
        trainingSet: details.trainingSet,
        heldOut: details.heldOut,
        metrics: details.metrics,
        baseline: details.baseline,
      };
    });
  }

  async promote(name: string, version: number): Promise<void> {
    modelNamed(this.parts.catalog, name);
    await this.parts.registry.promote(name, version, this.parts.clock.now());
    this.serving.delete(name);
  }

  // 4 materialize

  async materialize(names?: readonly string[], options: WorkOptions = {}): Promise<MaterializeOutcome[]> {
    const { materializer } = this.writing();
    const all = await this.appliedViews();
    const outcomes: MaterializeOutcome[] = [];
    for (const { name } of this.viewsNamed(names, "aggregateView", "batchView")) {
      await this.mustBeApplied([name]);
      const view = all.find((one) => one.view.name === name)!;
      outcomes.push(
        await this.record(
          "materialize",
          name,
          ONLINE,
          () => materializer.materialize(view, all, work(options)),
          (outcome) => ({ rows: outcome.keys, bytes: null, details: outcome }),
        ),
      );
    }
    return outcomes;
  }

  // 5 serve

  async features(
    service: string | { readonly definition: { readonly name: string } },
    requests: unknown,
    options: { readonly at?: TimestampInput } = {},
  ): Promise<never> {
    const { plan, reader, rows } = this.serviceOf(typeof service === "string" ? service : service.definition.name);
    const many = Array.isArray(requests);
    const read = rows(many ? (requests as unknown[]) : [requests]);
    const answers =
      options.at === undefined
        ? await reader.read(read)
        : await this.featuresAt(plan, read, parseTimestamp(options.at));
    return (many ? answers : answers[0]) as never;
  }

  async predict(model: string | { readonly definition: ModelDefinition }, requests: unknown): Promise<never> {
    this.writing();
    const definition = modelNamed(this.parts.catalog, typeof model === "string" ? model : model.definition.name);
    const { reader, rows } = this.serviceOf(definition.service);
    const serving = await this.servingModel(definition);
    const many = Array.isArray(requests);
    const read = rows(many ? (requests as unknown[]) : [requests]);
    const predictions: PredictionAnswer[] = this.predictorOf(definition).predict(
      serving,
      read,
      await reader.read(read),
    );
    return (many ? predictions : predictions[0]) as never;
  }

  async audit(
    name: string,
    options: { readonly signal?: AbortSignal; readonly onPrediction?: (prediction: AuditedPrediction) => void } = {},
  ): Promise<AuditOutcome> {
    const { catalog, engine, registry, log, clock } = this.parts;
    const began = clock.elapsed();
    const model = modelNamed(catalog, name);
    await this.parts.refresh();
    if (this.writingParts !== null) await this.served();
    const loaded = new Map<number, LoadedModel>();
    try {
      const audited = await audit(engine, this.offline, {
        plan: this.serviceOf(model.service).plan,
        stream: servedStream(catalog, model),
        cut: log.end,
        predict: async (version, features, rows) => {
          let one = loaded.get(version);
          if (one === undefined) {
            const found = (await registry.models(name)).find((candidate) => candidate.version === version);
            if (found === undefined)
              throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `model ${name} has no version ${version}`, { model: name, version });
            one = await this.training.runtime(found.runtime).load(await this.training.bytes(found));
            loaded.set(version, one);
          }
          return one.predict(features, rows);
        },
        onPrediction: options.onPrediction ?? (() => {}),
        signal: options.signal,
      });
      return { model: name, ...audited, seconds: clock.elapsed() - began };
    } finally {
      for (const one of loaded.values()) one.close();
    }
  }

  // what there is

  async status(): Promise<StatusReport> {
    const { home, catalog, clock, registry, log, online, files } = this.parts;
    await this.parts.refresh();
    const offlineFiles = await registry.files();
    const { archived } = await registry.offlineState();
    const fold = this.writingParts?.fold ?? (await this.readFold());
    const versions = await registry.models();
    const now = clock.now();
    const watermark =
      (await this.presentMoment()) ?? (fold.watermark === Number.MIN_SAFE_INTEGER ? null : fold.watermark);
    const models = await Promise.all(
      [...catalog.models.keys()].map(async (name) => ({
        name,
        versions: versions.filter(({ model }) => model === name).length,
        promoted: (await registry.promoted(name))?.version ?? null,
      })),
    );
    return {
      home,
      revision: (await registry.revision()).revision,
      now,
      watermark,
      freshness: watermark === null ? null : Math.max(0, now - watermark),
      log: { start: log.start, end: log.end, folded: fold.position, archived, bytes: await log.bytes() },
      offline: {
        bytes: (await files.list("offline")).reduce((sum, { bytes }) => sum + bytes, 0),
        files: offlineFiles.length,
        sources: sourceStatus(catalog, offlineFiles, await this.offline.inLog()),
      },
      online: { bytes: await online.bytes() },
      views: await viewStatus(catalog, offlineFiles, fold.views.views, online),
      models,
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
    const { engine, online, registry } = this.parts;
    const writing = this.writingParts;
    try {
      if (writing !== null) {
        await this.served();
        await writing.fold.settled();
        const { archived } = await registry.offlineState();
        if (writing.log.end - archived >= ARCHIVE_RECORDS) await this.archive(writing);
        await online.flushed();
        await writing.writer.close();
      }
    } finally {
      if (writing !== null) await writing.log.close();
      for (const { loaded } of this.serving.values()) loaded.close();
      await Promise.all([engine.close(), online.close(), registry.close()]);
    }
  }

  /** Moves the log into Parquet, as far as nobody needs it any more. */
  private async archive({ archiver, writer, fold }: Writing): Promise<void> {
    await this.record(
      "archive",
      "log",
      OFFLINE,
      async (id) => {
        const { position } = await writer.cut();
        await this.parts.online.flushed();
        return archiver.archive(`archive-${id}`, position, () =>
          Math.min(fold.position, ...fold.views.building.map(({ loads }) => loads)),
        );
      },
      (outcome) => ({ rows: outcome.records, bytes: outcome.bytes, details: outcome }),
    );
  }

  private writing(): Writing {
    if (this.closing !== null) throw new AsofError("ASOF_CLOSED", "the store is closed");
    if (this.writingParts === null) throw this.parts.writing;
    return this.writingParts;
  }

  private record<T>(
    kind: RunKind,
    target: string,
    location: string,
    run: (id: number) => Promise<T>,
    resultOf: (outcome: T) => RunResult,
  ): Promise<T> {
    return this.recorder.record(kind, target, location, run, resultOf);
  }

  /** The features of requests as of a past moment, from history. */
  private async featuresAt(plan: ServicePlan, requests: readonly Row[], t: Timestamp): Promise<FeatureAnswer[]> {
    await this.parts.refresh();
    const now = (await this.presentMoment()) ?? this.parts.clock.now();
    if (t > now)
      throw new AsofError(
        "ASOF_FUTURE_READ",
        `${formatTimestamp(t)} lies ahead of the watermark ${formatTimestamp(now)}`,
        { at: formatTimestamp(t), watermark: formatTimestamp(now) },
      );
    return answerAsOf(this.parts.engine, this.offline, plan, requests, t, this.parts.log.end);
  }

  private async presentMoment(): Promise<Timestamp | null> {
    const writing = this.writingParts;
    return writing === null ? null : writing.writer.present(writing.fold.position);
  }

  private async readFold(): Promise<Fold> {
    const fold = new Fold(this.parts.log, this.parts.online, this.schemas);
    await fold.open();
    return fold;
  }

  private async served(): Promise<void> {
    for (const predictor of this.predictors.values()) await predictor.logged();
  }

  private serviceOf(name: string): {
    plan: ServicePlan;
    reader: FeatureReader;
    rows: (requests: readonly unknown[]) => Row[];
  } {
    let found = this.plans.get(name);
    if (found === undefined) {
      const plan = planService(this.parts.catalog, serviceNamed(this.parts.catalog, name));
      const writing = this.writingParts;
      const present =
        writing === null
          ? null
          : {
              get position(): number {
                return writing.fold.position;
              },
              moment: () => writing.writer.present(writing.fold.position),
            };
      found = { plan, reader: new FeatureReader(plan, this.parts.online, present), rows: requestReader(plan) };
      this.plans.set(name, found);
    }
    return found;
  }

  private predictorOf(model: ModelDefinition): Predictor {
    let predictor = this.predictors.get(model.name);
    if (predictor === undefined) {
      const { ingest, fold } = this.writing();
      const append = async (stream: Stream, records: Parameters<Ingest["append"]>[1]): Promise<void> => {
        await ingest.append(stream, records);
        fold.wake();
      };
      predictor = new Predictor({
        model,
        plan: this.serviceOf(model.service).plan,
        stream: servedStream(this.parts.catalog, model),
        append,
      });
      this.predictors.set(model.name, predictor);
    }
    return predictor;
  }

  private async servingModel(model: ModelDefinition): Promise<ServingModel> {
    const { registry, clock } = this.parts;
    const present = this.serving.get(model.name);
    const now = clock.elapsed();
    if (present !== undefined && now < present.until) return present;
    const promoted = await registry.promoted(model.name);
    if (promoted === null)
      throw new AsofError("ASOF_NO_MODEL", `no version of model ${model.name} is promoted`, { model: model.name });
    const until = now + PROMOTED_SECONDS;
    if (present?.version === promoted.version) {
      const renewed = { ...present, until };
      this.serving.set(model.name, renewed);
      return renewed;
    }
    const loaded = await this.training.runtime(promoted.runtime).load(await this.training.bytes(promoted));
    const serving = { version: promoted.version, loaded, until };
    this.serving.set(model.name, serving);
    return serving;
  }

  private batchStreamOf(view: BatchViewDefinition): Stream {
    return batchStream(this.parts.catalog, view, fingerprintOf(this.parts.catalog, view));
  }

  /** The views that the online store may hold: those applied as they are defined. */
  private async appliedViews(): Promise<MaterializableView[]> {
    const { catalog } = this.parts;
    const applied = await this.registry.appliedNames();
    return [...catalog.views.values()].flatMap((view): MaterializableView[] => {
      if (view.kind === "onDemandView" || !applied.has(view.name)) return [];
      const common = { fingerprint: fingerprintOf(catalog, view), keys: catalog.entities.get(view.entity)!.keys };
      if (view.kind === "batchView") return [{ ...common, view, stream: this.batchStreamOf(view).name }];
      return [{ ...common, view, source: sourceNamed(catalog, view.source).fields, stream: view.source }];
    });
  }

  private viewsNamed(
    names: readonly string[] | undefined,
    ...kinds: readonly Definition["kind"][]
  ): (AggregateViewDefinition | BatchViewDefinition)[] {
    const { catalog } = this.parts;
    const views =
      names === undefined || names.length === 0
        ? [...catalog.views.values()].filter(({ kind }) => kinds.includes(kind))
        : names.map((name) => viewNamed(catalog, name));
    for (const view of views)
      if (!kinds.includes(view.kind))
        throw new AsofError(
          "ASOF_UNKNOWN_VIEW",
          `${view.name} is a view of another kind: ${view.kind}, not ${kinds.join(" or ")}`,
          { name: view.name },
        );
    return views as (AggregateViewDefinition | BatchViewDefinition)[];
  }

  private async mustBeApplied(names: readonly string[]): Promise<void> {
    const applied = await this.registry.appliedNames();
    for (const name of names)
      if (!applied.has(name))
        throw new AsofError("ASOF_NOT_APPLIED", `${name} is not applied as it is defined now`, { name });
  }
}

const SCHEMAS = "schemas";
const RESERVE = "reserve";
const OFFLINE = "offline store";
const ONLINE = "online store";

function streamsOf(catalog: Catalog): Stream[] {
  return [
    ...[...catalog.sources.values()].map(sourceStream),
    ...[...catalog.models.values()].map((model) => servedStream(catalog, model)),
  ];
}

function work({ signal, onProgress }: WorkOptions): WorkOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) };
}

function timeOrNull(input: TimestampInput | undefined): Timestamp | null {
  return input === undefined ? null : parseTimestamp(input);
}
