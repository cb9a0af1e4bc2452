import { StreamSchemas } from "./core/codec/stream-schemas.ts";
import { fingerprintOf, modelNamed, serviceNamed, sourceNamed } from "./core/definition/catalog.ts";
import type { Definition, ModelDefinition } from "./core/definition/data.ts";
import { servedStream, sourceStream } from "./core/definition/stream.ts";
import { assert } from "./core/assert.ts";
import { AsofError } from "./core/errors.ts";
import { formatOf } from "./core/plan/file-relation.ts";
import { HISTORY } from "./core/plan/folders.ts";
import { requestReader } from "./core/plan/request-rows.ts";
import { planService, type ServicePlan } from "./core/plan/service-plan.ts";
import type { FeatureAnswer } from "./core/result/answers.ts";
import type { AuditOutcome } from "./core/result/audit.ts";
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
import type { ForgetOptions, ForgetOutcome } from "./core/result/forget.ts";
import type { Plan } from "./core/result/plan.ts";
import type { WorkOptions } from "./core/result/progress.ts";
import type { CatalogEntry, RunReport, StatusReport } from "./core/result/status.ts";
import type {
  AuditOptions,
  DatasetOptions,
  LoadOptions,
  ReplayOptions,
  Store,
  UntypedRequest,
} from "./core/result/store.ts";
import type { Row } from "./core/schema/data-type.ts";
import { formatTimestamp, parseTimestamp, type Timestamp, type TimestampInput } from "./core/time/timestamp.ts";
import type { Beacon, Sign } from "./ports/beacon.ts";
import type { ModelVersion, RunKind } from "./ports/registry-store.ts";
import type { LoadedModel } from "./ports/trainer.ts";
import { replay } from "./stages/ingest/replay.ts";
import { modelStatus, sourceStatus, viewStatus } from "./stages/monitoring/status.ts";
import { answerAsOf } from "./stages/offline/as-of.ts";
import { audit } from "./stages/offline/audit.ts";
import { writeDataset } from "./stages/offline/dataset.ts";
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
import { Forgetting, unverifiableUntil } from "./store/forgetting.ts";
import type { StoreParts } from "./store/store-parts.ts";
import { restoreSchemas, type Shared, Writing } from "./store/writing.ts";

export type { Store } from "./core/result/store.ts";
export type { StoreParts } from "./store/store-parts.ts";

/** Wires the stages over the ports, and takes up what an earlier process left. */
export async function createStore(parts: StoreParts): Promise<Store> {
  const store = new EmbeddedStore(parts);
  await store.open();
  return store;
}

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
    this.registry = new Registry(registry, catalog, (source) =>
      sourceFacts(sourceNamed(catalog, source), { engine, registry, store: this.offline }),
    );
    this.definitions = new Definitions(catalog, this.registry, clock);
    this.recorder = new RunRecorder(registry, clock);
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
  }

  async open(): Promise<void> {
    await restoreSchemas(this.parts, this.schemas);
    const { writing } = this.parts;
    if (writing instanceof AsofError) return;
    this.writingParts = await Writing.open(this, writing);
    this.forgetting = new Forgetting(this, this.writingParts, () => this.modelServer.logged());
    await this.forgetting.resume();
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

  async ingest(name: string, records: readonly UntypedRequest[]): Promise<IngestOutcome> {
    const writing = this.writing();
    const source = sourceNamed(this.parts.catalog, name);
    await this.definitions.mustTakeRecords(name);
    const outcome = await writing.ingest.ingest(source, records);
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

  // 3 train

  dataset(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    return this.undisturbed(() => this.datasetNow(name, options));
  }

  private async datasetNow(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    const { catalog, engine, clock, log, refresh } = this.parts;
    const { plan } = this.service(name);
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
    options: { readonly at?: TimestampInput } = {},
  ): Promise<never> {
    const { plan, rows, reader } = this.service(typeof service === "string" ? service : service.definition.name);
    const read = rows(listOf(requests));
    const answers =
      options.at === undefined
        ? await reader.read(read)
        : await this.featuresAt(plan, read, parseTimestamp(options.at));
    return oneOrAll(requests, answers);
  }

  async predict(model: string | { readonly definition: ModelDefinition }, requests: unknown): Promise<never> {
    this.writing();
    const { catalog } = this.parts;
    const definition = modelNamed(catalog, typeof model === "string" ? model : model.definition.name);
    const { plan, rows, reader } = this.service(definition.service);
    const served = { model: definition, plan, stream: servedStream(catalog, definition) };
    const read = rows(listOf(requests));
    return oneOrAll(requests, await this.modelServer.predict(served, read, (asked) => reader.read(asked)));
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
      const found = (await registry.models(name)).find((candidate) => candidate.version === version);
      if (found === undefined)
        throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `model ${name} has no version ${version}`, {
          model: name,
          version,
        });
      const one = await this.loadModel(found);
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

  async forget(
    entity: string,
    keys: Readonly<Record<string, unknown>>,
    options: ForgetOptions = {},
  ): Promise<ForgetOutcome> {
    this.writing();
    assert(this.forgetting !== null, "the writer can forget");
    return this.forgetting.forget(entity, keys, { ...work(options), dryRun: options.dryRun ?? false });
  }

  // what there is

  async status(): Promise<StatusReport> {
    const { home, catalog, clock, registry, log, online, files, refresh } = this.parts;
    await refresh();
    const known = await registry.files();
    const inLog = await this.offline.inLog();
    const fold = this.writingParts?.fold ?? (await this.readFold());
    const now = clock.now();
    const watermark = (await this.present()) ?? (fold.watermark === Number.MIN_SAFE_INTEGER ? null : fold.watermark);
    return {
      home,
      revision: (await registry.revision()).revision,
      now,
      watermark,
      freshness: watermark === null ? null : Math.max(0, now - watermark),
      log: {
        start: log.start,
        end: log.end,
        folded: fold.position,
        archived: (await registry.offlineState()).archived,
        bytes: await log.bytes(),
      },
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
    const { engine, online, registry } = this.parts;
    try {
      try {
        await this.modelServer.logged();
      } finally {
        await this.writingParts?.close();
      }
    } finally {
      this.modelServer.close();
      await Promise.all([engine.close(), online.close(), registry.close(), this.parts.beacon.close()]);
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

  /** The features of requests as of a past moment, from history. */
  private async featuresAt(plan: ServicePlan, requests: readonly Row[], t: Timestamp): Promise<FeatureAnswer[]> {
    const { engine, log, refresh } = this.parts;
    const now = await this.completeUntil();
    await refresh();
    if (t > now)
      throw new AsofError(
        "ASOF_FUTURE_READ",
        `${formatTimestamp(t)} lies ahead of the watermark ${formatTimestamp(now)}`,
        {
          at: formatTimestamp(t),
          watermark: formatTimestamp(now),
        },
      );
    return this.undisturbed(() => answerAsOf(engine, this.offline, plan, requests, t, log.end));
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
