import type { StageTimer } from "./core/result/stage-timer.ts";
import type { Definition, ModelDefinition, ViewUseDefinition } from "./core/definition/data.ts";
import { assert } from "./core/assert.ts";
import type { StreamRecord } from "./core/codec/record-batch.ts";
import type { Stream } from "./core/definition/stream.ts";
import type { AuditOutcome } from "./core/result/audit.ts";
import type { AnswerForm, WrittenAnswers } from "./core/result/answer-form.ts";
import type { FeatureAnswer } from "./core/result/answers.ts";
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
import type { AuditReport, FeatureDistribution, MonitoringReport } from "./core/result/monitoring.ts";
import type { ForgetOptions, ForgetOutcome } from "./core/result/forget.ts";
import type { ModelEvaluation } from "./core/result/evaluation.ts";
import type { ModelComparison } from "./core/result/comparison.ts";
import type { Plan } from "./core/result/plan.ts";
import { work, type WorkOptions } from "./core/result/progress.ts";
import type { PromoteOptions, TrialRole } from "./core/result/serving-role.ts";
import type { CatalogEntry, RunReport, StatusReport } from "./core/result/status.ts";
import {
  type AuditOptions,
  type CompareOptions,
  type DatasetOptions,
  type FilesOptions,
  type IngestOptions,
  type LoadOptions,
  type Named,
  nameOf,
  type ReadOptions,
  type ReplayOptions,
  type Store,
  type TableOptions,
  type UntypedRequest,
} from "./core/result/store.ts";
import type { LoadedModel } from "./ports/trainer.ts";
import type { WriterLink } from "./ports/writer-link.ts";
import { KeyRing } from "./stages/access/key-ring.ts";
import { ModelServer } from "./stages/serving/model-server.ts";
import { Answering } from "./store/answering.ts";
import { Comparing } from "./store/comparing.ts";
import { Computing } from "./store/computing.ts";
import { Forgetting } from "./store/forgetting.ts";
import { Ingesting } from "./store/ingesting.ts";
import { OpenStore } from "./store/open-store.ts";
import { Reporting } from "./store/reporting.ts";
import type { StoreParts } from "./store/store-parts.ts";
import { ModelTraining } from "./store/training.ts";
import { AuditTrail } from "./store/audit-trail.ts";
import { Watch } from "./store/watch.ts";
import type { Writing } from "./store/writing.ts";

export type { Store } from "./core/result/store.ts";
export { KeyRing } from "./stages/access/key-ring.ts";
export type { StoreParts } from "./store/store-parts.ts";
export type { Answered, WriterLink } from "./ports/writer-link.ts";

/** A store, and the way that processes which answer beside its writer hand over what they have served. */
export interface LinkedStore extends Store {
  /** Of use in the writer: elsewhere it fails with ASOF_HOME_LOCKED. */
  readonly link: WriterLink;
}

/** Wires the stages over the ports, and takes up what an earlier process left. */
export async function createStore(parts: StoreParts): Promise<LinkedStore> {
  const store = new EmbeddedStore(parts);
  await store.open();
  return store;
}

/** Keys expire by the time of day, whatever clock the store has. */
export const timeOfDay = (): number => Date.now() * 1000;

/** The steps of the flow over one open store, each with a file of its own in `store/`. */
class EmbeddedStore implements LinkedStore {
  private readonly store: OpenStore;
  private readonly watch: Watch;
  private readonly modelServer: ModelServer;
  private readonly ingesting: Ingesting;
  private readonly computing: Computing;
  private readonly training: ModelTraining;
  private readonly answering: Answering;
  private readonly comparing: Comparing;
  private readonly reporting: Reporting;
  private forgetting: Forgetting | null = null;
  readonly keys: KeyRing;
  readonly trail: AuditTrail;
  readonly link: WriterLink = {
    append: async (stream, records) => this.append(this.store.writing(), stream, records),
    tell: (answered) => {
      this.watch.take(answered).catch(() => {
        // What is only watched makes nothing fail.
      });
    },
  };
  private closing: Promise<void> | null = null;

  constructor(parts: StoreParts) {
    const store = new OpenStore(parts);
    const served = (): Promise<void> => this.modelServer.logged();
    this.store = store;
    this.training = new ModelTraining(store, (model) => this.modelServer.forget(model));
    this.modelServer = new ModelServer({
      registry: parts.registry,
      clock: parts.clock,
      load: (version) => this.training.load(version),
      // Also while the store closes: what shadows have to say is logged as what was answered before.
      append: (stream, records) => parts.link?.append(stream, records) ?? this.append(store.writer, stream, records),
      onShadow: (rows) => this.watch.shadowed(rows),
      tag: parts.link === null ? "" : `${Buffer.from(parts.randomBytes(6)).toString("base64url")}-`,
    });
    const loadModel = (model: string, version: number): Promise<LoadedModel> => this.training.version(model, version);
    this.watch = new Watch({
      parts,
      offline: store.offline,
      newest: store.newest,
      viewTimes: store.viewTimes,
      planOf: (service) => store.service(service).plan,
      loadModel,
      logged: served,
    });
    this.ingesting = new Ingesting(store, served);
    this.computing = new Computing(store);
    this.answering = new Answering(store, { models: this.modelServer, watch: this.watch, loadModel });
    this.comparing = new Comparing(store, served);
    this.reporting = new Reporting(store, this.watch);
    this.keys = new KeyRing({ ...parts, now: timeOfDay });
    this.trail = new AuditTrail(store, parts.link ?? this.link);
  }

  async open(): Promise<void> {
    const writing = await this.store.open();
    if (writing !== null) {
      this.forgetting = new Forgetting(this.store, writing, {
        served: () => this.modelServer.logged(),
        forgetExamples: () => this.watch.forgetExamples(),
      });
      await this.forgetting.resume();
    }
    await this.watch.open();
  }

  private async append(
    writing: Writing | null,
    stream: Pick<Stream, "name" | "schema">,
    records: readonly StreamRecord[],
  ): Promise<void> {
    assert(writing !== null, "the writer logs");
    await writing.ingest.append(stream, records, () => {});
    this.watch.logged(stream, records);
  }

  // definitions

  async plan(): Promise<Plan> {
    await this.store.parts.refresh();
    return this.store.registry.plan();
  }

  apply(expected?: number): Promise<Plan> {
    return this.store.recorder.record(
      "apply",
      "definitions",
      "registry",
      async () => {
        const plan = await this.store.registry.apply(expected, this.store.parts.clock.now());
        await this.store.writer?.materializer.follow(await this.store.definitions.appliedViews());
        this.store.writer?.tidying.soon();
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
    return this.store.definitions.entries();
  }

  definition(kind: Definition["kind"], name: string): Definition {
    return this.store.definitions.named(kind, name);
  }

  // 1 ingest

  load(name: string, files: readonly string[], options: LoadOptions = {}): Promise<LoadOutcome> {
    return this.ingesting.load(name, files, options);
  }

  loadTable(name: string, options: TableOptions): Promise<LoadOutcome> {
    return this.ingesting.loadTable(name, options);
  }

  ingest(source: Named, records: readonly UntypedRequest[], options: IngestOptions = {}): Promise<IngestOutcome> {
    return this.ingesting.ingest(nameOf(source), records, options);
  }

  retract(source: Named, ids: readonly UntypedRequest[]): Promise<RetractOutcome> {
    return this.ingesting.retract(nameOf(source), ids);
  }

  correct(source: Named, records: readonly UntypedRequest[]): Promise<CorrectOutcome> {
    return this.ingesting.correct(nameOf(source), records);
  }

  retractFiles(name: string, files: readonly string[], options: FilesOptions = {}): Promise<RetractOutcome> {
    return this.ingesting.retractFiles(name, files, options);
  }

  correctFiles(name: string, files: readonly string[], options: FilesOptions = {}): Promise<CorrectOutcome> {
    return this.ingesting.correctFiles(name, files, options);
  }

  confirmClock(): void {
    this.ingesting.confirmClock();
  }

  settled(): Promise<void> {
    return this.ingesting.settled();
  }

  replay(name: string, options: ReplayOptions): Promise<ReplayOutcome> {
    return this.ingesting.replay(name, options);
  }

  // 2 compute

  compute(names?: readonly string[], options: WorkOptions = {}): Promise<ComputeOutcome[]> {
    return this.computing.compute(names, options);
  }

  history(name: string, filter: HistoryFilter): Promise<HistoryRow[]> {
    return this.computing.history(name, filter);
  }

  // 3 train

  dataset(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    return this.training.dataset(name, options);
  }

  train(name: string, options: WorkOptions & { readonly promote?: boolean } = {}): Promise<TrainOutcome> {
    return this.training.train(name, options);
  }

  models(name?: string): Promise<ModelSummary[]> {
    return this.training.models(name);
  }

  evaluation(name: string, version?: number): Promise<ModelEvaluation> {
    return this.training.evaluation(name, version ?? null);
  }

  promote(name: string, version: number, options: PromoteOptions = {}): Promise<void> {
    return this.training.promote(name, version, options);
  }

  demote(name: string, role: TrialRole): Promise<void> {
    return this.training.demote(name, role);
  }

  compareModel(name: string, options: CompareOptions = {}): Promise<ModelComparison> {
    return this.comparing.compare(name, options);
  }

  // 4 materialize

  materialize(names?: readonly string[], options: WorkOptions = {}): Promise<MaterializeOutcome[]> {
    return this.computing.materialize(names, options);
  }

  // 5 serve

  features(
    service: string | { readonly definition: { readonly name: string } },
    requests: unknown,
    options: ReadOptions = {},
  ): Promise<never> {
    return this.answering.features(service, requests, options);
  }

  featuresAs(
    service: string,
    requests: readonly UntypedRequest[],
    form: AnswerForm,
    timer?: StageTimer,
  ): WrittenAnswers | Promise<WrittenAnswers> {
    return this.answering.featuresAs(service, requests, form, timer);
  }

  featuresOf(uses: readonly ViewUseDefinition[], requests: readonly UntypedRequest[]): Promise<FeatureAnswer[]> {
    return this.answering.featuresOf(uses, requests);
  }

  predict(
    model: string | { readonly definition: ModelDefinition },
    requests: unknown,
    timer?: StageTimer,
  ): Promise<never> {
    return this.answering.predict(model, requests, timer);
  }

  audit(name: string, options: AuditOptions = {}): Promise<AuditOutcome> {
    return this.answering.audit(name, options);
  }

  explain(view: string, feature: string, keys: UntypedRequest, options: ReadOptions = {}): Promise<Explanation> {
    return this.answering.explain(view, feature, keys, options);
  }

  recordVerification<T extends { readonly compared: number }>(
    verify: (options: WorkOptions) => Promise<T>,
    options: WorkOptions = {},
  ): Promise<T> {
    return this.store.recorder.record(
      "verify",
      "all services",
      "both stores",
      (_id, heard) => verify(heard(options)),
      (outcome) => ({ rows: outcome.compared, bytes: null, details: outcome }),
    );
  }

  async auditServed(): Promise<AuditReport> {
    this.store.writing();
    await this.watch.auditNow();
    return (await this.monitoring()).audit;
  }

  async forget(
    entity: string,
    keys: Readonly<Record<string, unknown>>,
    options: ForgetOptions = {},
  ): Promise<ForgetOutcome> {
    this.store.writing();
    assert(this.forgetting !== null, "the writer can forget");
    const { forgetting } = this;
    if (options.dryRun === true) return forgetting.forget(entity, keys, { ...work(options), dryRun: true });
    return this.watch.whileForgetting(() => forgetting.forget(entity, keys, work(options)));
  }

  // what there is

  monitoring(): Promise<MonitoringReport> {
    return this.reporting.monitoring();
  }

  distribution(model: string, feature: string): Promise<FeatureDistribution> {
    return this.watch.distribution(model, feature);
  }

  status(): Promise<StatusReport> {
    return this.reporting.status();
  }

  runs(filter: { readonly kind?: string; readonly limit?: number } = {}): Promise<RunReport[]> {
    return this.reporting.runs(filter);
  }

  close(): Promise<void> {
    this.store.shut();
    return (this.closing ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    const { engine, online, index, registry, beacon } = this.store.parts;
    try {
      try {
        await this.modelServer.shadowed();
        await this.watch.close();
        await this.modelServer.logged();
      } finally {
        await this.store.writer?.close();
      }
    } finally {
      this.modelServer.close();
      await Promise.all([engine.close(), online.close(), index.close(), registry.close(), beacon.close()]);
    }
  }
}
