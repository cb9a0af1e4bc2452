import type { ModelDefinition } from "../../core/definition/data.ts";
import type { Stream } from "../../core/definition/stream.ts";
import { AsofError } from "../../core/errors.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer, PredictionAnswer } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ModelVersion, RegistryStore } from "../../ports/registry-store.ts";
import type { LoadedModel } from "../../ports/trainer.ts";
import { type AppendServed, Predictor, type ServingModel } from "./predictor.ts";

/** How long a promoted version is taken for granted, in seconds: other processes may promote another. */
const PROMOTED_SECONDS = 1;

/** A model and what it needs to be served. */
export interface ServedModel {
  readonly model: ModelDefinition;
  readonly plan: ServicePlan;
  readonly stream: Stream;
}

/** Keeps the promoted version of each model loaded, and serves it. */
export class ModelServer {
  private readonly registry: RegistryStore;
  private readonly clock: Clock;
  private readonly load: (version: ModelVersion) => Promise<LoadedModel>;
  private readonly append: AppendServed;
  private readonly tag: string;
  private readonly predictors = new Map<string, Predictor>();
  private readonly serving = new Map<string, ServingModel & { readonly until: number }>();

  constructor(parts: {
    registry: RegistryStore;
    clock: Clock;
    load: (version: ModelVersion) => Promise<LoadedModel>;
    append: AppendServed;
    /** Of this process's predictions, where others predict beside it. */
    tag: string;
  }) {
    this.tag = parts.tag;
    this.registry = parts.registry;
    this.clock = parts.clock;
    this.load = parts.load;
    this.append = parts.append;
  }

  /** @throws ASOF_NO_MODEL, ASOF_PREDICT */
  async predict(
    served: ServedModel,
    requests: readonly Row[],
    read: (requests: readonly Row[]) => Promise<FeatureAnswer[]>,
  ): Promise<PredictionAnswer[]> {
    const serving = await this.promoted(served.model.name);
    return this.predictorOf(served).predict(serving, requests, await read(requests));
  }

  /** Looks again at which version is promoted, at the next prediction. */
  forget(model: string): void {
    const present = this.serving.get(model);
    if (present !== undefined) this.serving.set(model, { ...present, until: -Infinity });
  }

  /** Resolves once everything that was served is on disk. */
  async logged(): Promise<void> {
    for (const predictor of this.predictors.values()) await predictor.logged();
  }

  close(): void {
    for (const { loaded } of this.serving.values()) loaded.close();
    this.serving.clear();
  }

  private predictorOf(served: ServedModel): Predictor {
    let predictor = this.predictors.get(served.model.name);
    if (predictor === undefined)
      this.predictors.set(
        served.model.name,
        (predictor = new Predictor({ ...served, append: this.append, tag: this.tag })),
      );
    return predictor;
  }

  private async promoted(model: string): Promise<ServingModel> {
    const now = this.clock.elapsed();
    const present = this.serving.get(model);
    if (present !== undefined && now < present.until) return present;
    const version = await this.registry.promoted(model);
    if (version === null) throw new AsofError("ASOF_NO_MODEL", `no version of model ${model} is promoted`, { model });
    const kept = present?.version === version.version;
    const loaded = kept ? present.loaded : await this.load(version);
    const serving = { version: version.version, loaded, until: now + PROMOTED_SECONDS };
    // Another request may have loaded the same version meanwhile: one of the two is enough.
    const other = this.serving.get(model);
    if (!kept && other?.version === serving.version) {
      loaded.close();
      return other;
    }
    this.serving.set(model, serving);
    if (!kept) present?.loaded.close();
    return serving;
  }
}
