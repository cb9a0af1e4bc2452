import type { ModelDefinition } from "../../core/definition/data.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer, PredictionAnswer } from "../../core/result/answers.ts";
import type { ShadowedRows } from "../../core/result/monitoring.ts";
import type { StageTimer } from "../../core/result/stage-timer.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ModelVersion, RegistryStore } from "../../ports/registry-store.ts";
import type { LoadedModel } from "../../ports/trainer.ts";
import { type AppendServed, Predictor } from "./predictor.ts";
import { ServedVersions } from "./served-versions.ts";

/** A model and what it needs to be served. */
export interface ServedModel {
  readonly model: ModelDefinition;
  readonly plan: ServicePlan;
  readonly stream: Stream;
}

interface ModelServerParts {
  readonly registry: RegistryStore;
  readonly clock: Clock;
  readonly load: (version: ModelVersion) => Promise<LoadedModel>;
  readonly append: AppendServed;
  /** Hears what became of rows that a shadow was to predict. */
  readonly onShadow: (rows: ShadowedRows) => void;
  /** Of this process's predictions, where others predict beside it. */
  readonly tag: string;
}

/** Keeps the versions of each model that serve loaded, and serves them. */
export class ModelServer {
  private readonly parts: ModelServerParts;
  private readonly predictors = new Map<string, Predictor>();
  private readonly versions = new Map<string, ServedVersions>();

  constructor(parts: ModelServerParts) {
    this.parts = parts;
  }

  /** @throws ASOF_NO_MODEL, ASOF_PREDICT */
  async predict(
    served: ServedModel,
    requests: readonly Row[],
    read: (requests: readonly Row[]) => Promise<FeatureAnswer[]>,
    timer?: StageTimer,
  ): Promise<PredictionAnswer[]> {
    const versions = this.versionsOf(served.model.name);
    const held = versions.hold();
    const serving = held instanceof Promise ? await held : held;
    try {
      return await this.predictorOf(served).predict(serving, requests, await read(requests), timer);
    } finally {
      versions.release(serving);
    }
  }

  /** Looks again at which versions serve, at the next prediction. */
  forget(model: string): void {
    this.versions.get(model)?.forget();
  }

  /** Resolves once everything that was served is on disk, and what shadows predicted beside it. */
  async logged(): Promise<void> {
    for (const predictor of this.predictors.values()) await predictor.logged();
  }

  /** Resolves once shadows have predicted what they were given so far. */
  async shadowed(): Promise<void> {
    for (const predictor of this.predictors.values()) await predictor.shadowed();
  }

  close(): void {
    for (const versions of this.versions.values()) versions.close();
    this.versions.clear();
  }

  private versionsOf(model: string): ServedVersions {
    let versions = this.versions.get(model);
    if (versions === undefined) this.versions.set(model, (versions = new ServedVersions(model, this.parts)));
    return versions;
  }

  private predictorOf(served: ServedModel): Predictor {
    let predictor = this.predictors.get(served.model.name);
    if (predictor === undefined) {
      const { append, onShadow, tag } = this.parts;
      this.predictors.set(served.model.name, (predictor = new Predictor({ ...served, append, onShadow, tag })));
    }
    return predictor;
  }
}
