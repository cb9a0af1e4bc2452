import { modelNamed } from "../core/definition/catalog.ts";
import type { ModelDefinition, ViewUseDefinition } from "../core/definition/data.ts";
import { servedStream } from "../core/definition/stream.ts";
import type { ServicePlan } from "../core/plan/service-plan.ts";
import type { AnswerForm, WrittenAnswers } from "../core/result/answer-form.ts";
import type { FeatureAnswer } from "../core/result/answers.ts";
import type { AuditOutcome } from "../core/result/audit.ts";
import type { Explanation } from "../core/result/explanation.ts";
import { type Knowledge, parseKnowledge } from "../core/result/knowledge.ts";
import type { StageTimer } from "../core/result/stage-timer.ts";
import type { AuditOptions, ReadOptions, UntypedRequest } from "../core/result/store.ts";
import type { Row } from "../core/schema/data-type.ts";
import { type Timestamp, parseTimestamp } from "../core/time/timestamp.ts";
import type { LoadedModel } from "../ports/trainer.ts";
import { answerAsOf } from "../stages/offline/as-of.ts";
import { audit } from "../stages/offline/audit.ts";
import type { LiveAnswers } from "../stages/serving/live-answers.ts";
import type { ModelServer, ServedModel } from "../stages/serving/model-server.ts";
import { type ExplainParts, explain } from "./explain.ts";
import { unverifiableUntil } from "./forgotten-list.ts";
import { interruptible } from "./interruptible.ts";
import type { OpenStore } from "./open-store.ts";
import type { Watch } from "./watch.ts";

/** Step 5: features and predictions, and how they compare with history. */
export class Answering {
  private readonly store: OpenStore;
  private readonly models: ModelServer;
  private readonly watch: Watch;
  private readonly loadModel: (model: string, version: number) => Promise<LoadedModel>;
  private readonly served = new Map<ModelDefinition, ServedModel>();

  constructor(
    store: OpenStore,
    { models, watch, loadModel }: { models: ModelServer; watch: Watch; loadModel: Answering["loadModel"] },
  ) {
    this.store = store;
    this.models = models;
    this.watch = watch;
    this.loadModel = loadModel;
  }

  async features(
    service: string | { readonly definition: { readonly name: string } },
    requests: unknown,
    options: ReadOptions = {},
  ): Promise<never> {
    const { plan, rows, reader } = this.store.service(typeof service === "string" ? service : service.definition.name);
    const read = rows(listOf(requests));
    const at = options.at === undefined ? null : parseTimestamp(options.at);
    const knowledge = parseKnowledge(options.knowledge);
    if (at !== null || knowledge !== "served")
      return oneOrAll(requests, await this.featuresAt(plan, read, { at, knowledge, signal: options.signal }));
    const live = await reader.live(read);
    this.watch.answered(plan, read, live);
    return oneOrAll(requests, live.all());
  }

  featuresAs(
    service: string,
    requests: readonly UntypedRequest[],
    form: AnswerForm,
    timer?: StageTimer,
  ): WrittenAnswers | Promise<WrittenAnswers> {
    const { plan, rows, reader } = this.store.service(service);
    const read = rows(requests);
    const written = (live: LiveAnswers): WrittenAnswers => {
      this.watch.answered(plan, read, live);
      // What was looked at has been computed.
      timer?.begin(null);
      return live.written(form);
    };
    const live = reader.live(read, timer);
    return live instanceof Promise ? live.then(written) : written(live);
  }

  async featuresOf(uses: readonly ViewUseDefinition[], requests: readonly UntypedRequest[]): Promise<FeatureAnswer[]> {
    const { rows, reader } = this.store.serviceOf(uses);
    const answers = await reader.read(rows(requests));
    const views = new Set(uses.map(({ view }) => view));
    this.watch.answeredViews([...views], answers.length);
    return answers;
  }

  async predict(
    model: string | { readonly definition: ModelDefinition },
    requests: unknown,
    timer?: StageTimer,
  ): Promise<never> {
    const { catalog, link } = this.store.parts;
    // What was predicted has to be logged.
    if (link === null) this.store.writing();
    const definition = modelNamed(catalog, typeof model === "string" ? model : model.definition.name);
    const { plan, rows, reader } = this.store.service(definition.service);
    const read = rows(listOf(requests));
    const answers = await this.models.predict(
      this.servedModel(definition, plan),
      read,
      async (asked) => reader.read(asked, timer),
      timer,
    );
    await this.watch.predicted(definition.name, plan, answers);
    return oneOrAll(requests, answers);
  }

  /** What a model is served with, which is the same at each request. */
  private servedModel(model: ModelDefinition, plan: ServicePlan): ServedModel {
    let found = this.served.get(model);
    if (found === undefined)
      this.served.set(model, (found = { model, plan, stream: servedStream(this.store.parts.catalog, model) }));
    return found;
  }

  audit(name: string, options: AuditOptions = {}): Promise<AuditOutcome> {
    return this.store.undisturbed(() => this.auditNow(name, options));
  }

  private async auditNow(name: string, options: AuditOptions): Promise<AuditOutcome> {
    const { catalog, engine, registry, log, clock, refresh } = this.store.parts;
    const began = clock.elapsed();
    const model = modelNamed(catalog, name);
    await refresh();
    await this.models.logged();
    const loaded = new Map<number, LoadedModel>();
    const modelOf = async (version: number): Promise<LoadedModel> => {
      const present = loaded.get(version);
      if (present !== undefined) return present;
      const one = await this.loadModel(name, version);
      loaded.set(version, one);
      return one;
    };
    try {
      const audited = await audit(engine, this.store.offline, {
        plan: this.store.service(model.service).plan,
        stream: servedStream(catalog, model),
        cut: log.end,
        since: await unverifiableUntil(registry, this.store.service(model.service).plan),
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
    const { parts, offline } = this.store;
    const store: ExplainParts = {
      parts,
      offline,
      readerOf: (plan) => this.store.readerOf(plan),
      momentOf: (at) => this.store.momentOf(at),
    };
    return this.store.undisturbed(() => explain(store, view, feature, keys, options));
  }

  /** The features of requests as of a past moment, or of now where it is null, from history. */
  private async featuresAt(
    plan: ServicePlan,
    requests: readonly Row[],
    { at, knowledge, signal }: { at: Timestamp | null; knowledge: Knowledge; signal: AbortSignal | undefined },
  ): Promise<FeatureAnswer[]> {
    const { log } = this.store.parts;
    const engine = interruptible(this.store.parts.engine, signal);
    const { t, now } = await this.store.momentOf(at);
    const hindsight = knowledge === "now" ? now : undefined;
    return this.store.undisturbed(() =>
      answerAsOf(engine, this.store.offline, plan, requests, t, log.end, { hindsight }),
    );
  }
}

function listOf(requests: unknown): readonly unknown[] {
  return Array.isArray(requests) ? requests : [requests];
}

/** As many answers as were asked for. Their types are those of the overload that was called. */
function oneOrAll(requests: unknown, answers: readonly unknown[]): never {
  return (Array.isArray(requests) ? answers : answers[0]) as never;
}
