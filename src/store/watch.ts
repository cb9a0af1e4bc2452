import { columnRow } from "../core/codec/collection-text.ts";
import { fingerprintOf, modelNamed, serviceNamed } from "../core/definition/catalog.ts";
import type { StreamRecord } from "../core/codec/record-batch.ts";
import { servedStream, type Stream } from "../core/definition/stream.ts";
import { AsofError } from "../core/errors.ts";
import type { ServicePlan } from "../core/plan/service-plan.ts";
import type { FeatureAnswer, PredictionAnswer } from "../core/result/answers.ts";
import type {
  FeatureDistribution,
  MonitoringReport,
  ServiceRates,
  ShadowedRows,
  ShadowReport,
  SourceFreshness,
} from "../core/result/monitoring.ts";
import type { Row } from "../core/schema/data-type.ts";
import { MILLISECOND, type Timestamp } from "../core/time/timestamp.ts";
import type { OfflineFile } from "../ports/registry-store.ts";
import type { LoadedModel } from "../ports/trainer.ts";
import type { Answered } from "../ports/writer-link.ts";
import { type AuditNote, auditNoteShape } from "../stages/monitoring/audit-totals.ts";
import { type Audited, Auditor, auditReport } from "../stages/monitoring/auditor.ts";
import { BackgroundWork, rest } from "../stages/monitoring/background-work.ts";
import type { NewestRecords } from "../stages/monitoring/newest-records.ts";
import type { ViewTimes } from "../stages/monitoring/view-times.ts";
import { compareWithHistory, readServed } from "../stages/offline/compare-with-history.ts";
import type { OfflineStore } from "../stages/offline/offline-store.ts";
import type { LiveAnswers } from "../stages/serving/live-answers.ts";
import { KeptDrifts, versionKey } from "./kept-drifts.ts";
import { KeptNotes } from "./kept-notes.ts";
import { KeptRates } from "./kept-rates.ts";
import { KeptShadows } from "./kept-shadows.ts";
import { Relay } from "./relay.ts";
import { unverifiableUntil } from "./forgotten-list.ts";
import type { StoreParts } from "./store-parts.ts";

interface WatchParts {
  readonly parts: StoreParts;
  readonly offline: OfflineStore;
  readonly newest: NewestRecords;
  readonly viewTimes: ViewTimes;
  readonly planOf: (service: string) => ServicePlan;
  readonly loadModel: (model: string, version: number) => Promise<LoadedModel>;
  /** Resolves once everything that this process predicted is on disk. */
  readonly logged: () => Promise<void>;
}

/**
 * Watches what is served: the audit, drift and rates, wired to the store. The process that writes collects and keeps
 * them as notes of the registry; others read these. What it does for itself never makes a request fail.
 */
export class Watch {
  private readonly wired: WatchParts;
  private readonly writes: boolean;
  private readonly notes: KeptNotes;
  private readonly rates: KeptRates;
  private readonly drifts: KeptDrifts;
  private readonly shadows: KeptShadows;
  /** Answers without a service since this process began, by view. */
  private readonly unnamed = new Map<string, number>();
  private readonly models = new Map<string, LoadedModel>();
  private readonly rows = new WeakMap<ServicePlan, ReturnType<typeof columnRow>>();
  private readonly background: BackgroundWork;
  /** Models by the stream of what they served. */
  private readonly served: ReadonlyMap<string, string>;
  private auditor: Auditor | null = null;
  private readonly relay: Relay | null;

  constructor(wired: WatchParts) {
    const { audit, writing, link, registry, catalog } = wired.parts;
    this.relay = link === null ? null : new Relay(link, audit, wired.viewTimes);
    this.wired = wired;
    this.writes = !(writing instanceof AsofError);
    this.notes = new KeptNotes(registry);
    this.rates = new KeptRates(this.notes, catalog, wired.planOf);
    this.drifts = new KeptDrifts(this.notes);
    this.shadows = new KeptShadows(this.notes);
    this.served = new Map([...catalog.models.values()].map((model) => [servedStream(catalog, model).name, model.name]));
    this.background = new BackgroundWork((signal) => this.work(signal, true), audit.every / MILLISECOND);
  }

  async open(): Promise<void> {
    if (!this.writes) return;
    await this.rates.restore();
    await this.shadows.restore(this.wired.parts.catalog.models.keys());
    this.auditor = await this.openAuditor();
    this.background.start();
  }

  /** Takes note of answers with features alone. */
  answered(plan: ServicePlan, requests: readonly Row[], answers: LiveAnswers): void {
    if (this.relay !== null) return this.relay.answered(plan, requests, answers);
    this.rates.running(plan.service.name)?.countLive(answers);
    this.sample(plan, requests, (i) => answers.one(i));
  }

  /** Takes note of answers with views that no service names together. */
  answeredViews(views: readonly string[], answers: number): void {
    if (this.relay !== null) return this.relay.answeredViews(views, answers);
    for (const view of views) this.unnamed.set(view, (this.unnamed.get(view) ?? 0) + answers);
  }

  /** Takes what another process has answered beside this one. */
  async take(answered: Answered): Promise<void> {
    const { catalog } = this.wired.parts;
    switch (answered.kind) {
      case "rates":
        for (const rates of answered.rates) this.rates.running(rates.service)?.add(rates);
        return;
      case "features":
        if (catalog.services.has(answered.service))
          this.sample(this.wired.planOf(answered.service), answered.requests, (i) => answered.answers[i]);
        return;
      case "shadows":
        for (const rows of answered.shadows) if (catalog.models.has(rows.model)) this.shadows.add(rows);
        return;
      case "views":
        for (const [view, answers] of Object.entries(answered.answers)) this.answeredViews([view], answers);
        return;
      case "times":
        return this.wired.viewTimes.add(answered.times);
      case "predictions": {
        const model = catalog.models.get(answered.model);
        if (model !== undefined) await this.predicted(model.name, this.wired.planOf(model.service), answered.answers);
      }
    }
  }

  /** Lets the audit have those of the answers that belong to its sample. */
  private sample(plan: ServicePlan, requests: readonly Row[], answerTo: (row: number) => FeatureAnswer): void {
    const { name } = plan.service;
    if (this.auditor === null || !this.wired.parts.audit.on) return;
    const sampled = this.auditor.sampled(name);
    for (let i = 0; i < requests.length; i++)
      if (sampled(requests[i]))
        this.auditor.answered(name, requests[i], () => {
          const answer = answerTo(i);
          const features = this.rowOf(plan)(answer.values);
          return { ...answer, id: null, request: requests[i], features, prediction: null };
        });
  }

  /** Takes note of predictions. */
  async predicted(model: string, plan: ServicePlan, answers: readonly PredictionAnswer[]): Promise<void> {
    if (this.relay !== null) return this.relay.predicted(model, answers);
    if (answers.length === 0 || !this.writes) return;
    const features = answers.map((answer) => answer.features);
    this.rates.running(plan.service.name)?.count(features);
    for (const [version, own] of Map.groupBy(answers, (answer) => answer.version)) {
      let drift = this.drifts.running(model, version);
      if (drift === undefined) drift = await this.drifts.begin(model, version);
      drift?.add(own.map((answer) => answer.features));
    }
  }

  /**
   * Takes note of predictions that have reached the log: of this process, of others beside it, and of shadows, which may come
   * long after the answers that they belong to.
   */
  logged({ name }: Pick<Stream, "name">, records: readonly StreamRecord[]): void {
    const model = this.served.get(name);
    if (model !== undefined && records.length > 0 && this.wired.parts.audit.on)
      this.auditor?.logged(model, records.length, records[0].event);
  }

  /** Takes note of what became of a shadow's predictions. */
  shadowed(rows: ShadowedRows): void {
    if (this.relay !== null) this.relay.shadowed(rows);
    else this.shadows.add(rows);
  }

  /** Audits all that waits, without rests. */
  async auditNow(): Promise<void> {
    await this.work(new AbortController().signal, false);
  }

  /**
   * Lets records be erased: nothing is compared meanwhile, and what was answered until then is left out, because it cannot
   * be computed again.
   */
  async whileForgetting<T>(work: () => Promise<T>): Promise<T> {
    if (this.auditor === null) return work();
    const { auditor } = this;
    return auditor.alone(async () => {
      try {
        return await work();
      } finally {
        await auditor.forget();
      }
    });
  }

  /** Forgets examples of differences, which may tell of what is erased: also of a store that is just being opened. */
  async forgetExamples(): Promise<void> {
    await (this.auditor ?? (await this.openAuditor())).forget();
  }

  async report(
    now: Timestamp,
    files: readonly OfflineFile[],
  ): Promise<Pick<MonitoringReport, "sources" | "services" | "audit" | "drift" | "shadows" | "unnamed" | "viewTimes">> {
    const { catalog, audit, registry } = this.wired.parts;
    const auditor = this.auditor ?? (await this.openAuditor());
    const failure = this.background.failure ?? this.drifts.fault;
    const services: ServiceRates[] = [];
    for (const name of catalog.services.keys()) services.push(await this.rates.report(name));
    const drift: MonitoringReport["drift"][number][] = [];
    const shadows: ShadowReport[] = [];
    for (const model of catalog.models.keys()) {
      const { current, canary, shadow } = await registry.serving(model);
      for (const version of [current, canary?.version ?? null]) {
        const found = version === null ? null : await this.drifts.of(model, version.version);
        if (found !== null) drift.push(found.report(now));
      }
      if (shadow !== null) shadows.push(await this.shadows.of(model, shadow.version, this.writes));
    }
    const sources: SourceFreshness[] = [];
    for (const source of catalog.sources.keys()) {
      const newest = await this.wired.newest.of(source, files, !this.writes);
      sources.push({
        source,
        newestEvent: newest?.event ?? null,
        newestAvailable: newest?.available ?? null,
        eventAge: newest === null ? null : Math.max(0, now - newest.event),
        availableAge: newest === null ? null : Math.max(0, now - newest.available),
      });
    }
    const rest = { running: this.writes && audit.on, sample: audit.on ? audit.sample : 0, every: audit.every };
    const { failures } = this.background;
    return {
      sources,
      services,
      audit: auditReport(auditor.targets(), now, { ...rest, failures, failure: failure?.message ?? null }),
      drift,
      shadows,
      unnamed: [...this.unnamed].map(([view, answers]) => ({ view, answers })),
      viewTimes: this.wired.viewTimes.all(),
    };
  }

  async distribution(name: string, feature: string): Promise<FeatureDistribution> {
    const { catalog, clock, registry } = this.wired.parts;
    const { version } = (await registry.promoted(modelNamed(catalog, name).name)) ?? { version: null };
    const drift = version === null ? null : await this.drifts.of(name, version);
    return { version, histogram: drift?.histograms(feature, clock.now()) ?? null };
  }

  /** Stops, gives up what waits in memory, and keeps the rest. */
  async close(): Promise<void> {
    this.relay?.close();
    await this.background.stop();
    if (!this.writes) return;
    await this.auditor?.close();
    await this.save();
  }

  private async work(signal: AbortSignal, rests: boolean): Promise<void> {
    await this.save();
    if (!this.wired.parts.audit.on) return;
    await this.auditor!.round(signal, rests);
  }

  /** Writes what has changed of rates, of shadows and of drift. */
  private async save(): Promise<void> {
    await this.rates.save();
    await this.shadows.save();
    await this.drifts.save();
  }

  private openAuditor(): Promise<Auditor> {
    const { parts, offline, logged, planOf } = this.wired;
    const { catalog, clock, engine, log } = parts;
    const audited = (kind: Audited["kind"], name: string, service: string): Audited => {
      const definition = serviceNamed(catalog, service);
      return { kind, name, definition: fingerprintOf(catalog, definition), inputs: definition.inputs };
    };
    const serviceOf = ({ kind, name }: Audited): string =>
      kind === "features" ? name : modelNamed(catalog, name).service;
    const noteName = ({ kind, name }: Audited): string => `audit.${kind}.${name}`;
    return Auditor.open(
      {
        clock,
        sample: parts.audit.sample,
        targets: [
          ...[...catalog.services.keys()].map((name) => audited("features", name, name)),
          ...[...catalog.models.values()].map(({ name, service }) => audited("predict", name, service)),
        ],
        end: () => log.end,
        logged,
        readServed: async (name, { from, until }, signal) => {
          const model = modelNamed(catalog, name);
          const plan = planOf(model.service);
          const asked = { plan, stream: servedStream(catalog, model), from, until, signal };
          const served = await readServed(engine, offline, asked);
          const since = (await unverifiableUntil(parts.registry, plan)) ?? -Infinity;
          return served.map((one) => ({ ...one, verifiable: one.answer.t >= since }));
        },
        compare: (target, answers, onCompared, signal) =>
          compareWithHistory(engine, offline, {
            plan: planOf(serviceOf(target)),
            answers,
            cut: log.end,
            predict: async (version, columns, rows) =>
              (await this.modelOf(target.name, version)).predict(columns, rows),
            onCompared,
            signal,
          }),
        load: (target) => this.notes.load<AuditNote>(noteName(target), auditNoteShape),
        save: (target, note) => this.notes.save(noteName(target), note),
        ended: () => this.releaseModels(),
        rest,
      },
      this.writes,
    );
  }

  /** Versions of models stay loaded for one round. */
  private async modelOf(model: string, version: number): Promise<LoadedModel> {
    const key = versionKey(model, version);
    let loaded = this.models.get(key);
    if (loaded === undefined) this.models.set(key, (loaded = await this.wired.loadModel(model, version)));
    return loaded;
  }

  private releaseModels(): void {
    for (const model of this.models.values()) model.close();
    this.models.clear();
  }

  private rowOf(plan: ServicePlan): ReturnType<typeof columnRow> {
    let row = this.rows.get(plan);
    if (row === undefined) this.rows.set(plan, (row = columnRow(plan.features)));
    return row;
  }
}
