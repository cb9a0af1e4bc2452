import { fingerprintOf, modelNamed, sourceNamed } from "../core/definition/catalog.ts";
import { columnTypes } from "../core/codec/collection-text.ts";
import type { ModelDefinition } from "../core/definition/data.ts";
import { AsofError } from "../core/errors.ts";
import { parseKnowledge } from "../core/result/knowledge.ts";
import type { ModelEvaluation } from "../core/result/evaluation.ts";
import type { DatasetOutcome, ModelSummary, TrainOutcome } from "../core/result/outcomes.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import type { DatasetOptions } from "../core/result/store.ts";
import type { PromoteOptions, TrialRole } from "../core/result/serving-role.ts";
import { columnsOfRows } from "../core/schema/column.ts";
import { parseTimestamp } from "../core/time/timestamp.ts";
import type { ModelVersion } from "../ports/registry-store.ts";
import type { LoadedModel } from "../ports/trainer.ts";
import { writeDataset } from "../stages/offline/dataset.ts";
import { examplesJoin, sourceRows } from "../stages/offline/examples-join.ts";
import { evaluationOf } from "../stages/training/model-evaluation.ts";
import { listModels } from "../stages/training/model-list.ts";
import { Training } from "../stages/training/train.ts";
import type { OpenStore } from "./open-store.ts";

const OFFLINE = "offline store";

/** Step 3: training sets, models and their versions. */
export class ModelTraining {
  private readonly store: OpenStore;
  private readonly training: Training;
  /** Another version serves from now on. */
  private readonly changed: (model: string) => void;

  constructor(store: OpenStore, changed: (model: string) => void) {
    this.store = store;
    this.training = new Training(store.parts);
    this.changed = changed;
  }

  dataset(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    return this.store.undisturbed(() => this.datasetNow(name, options));
  }

  private async datasetNow(name: string, options: DatasetOptions): Promise<DatasetOutcome> {
    const { catalog, engine, clock, log, refresh } = this.store.parts;
    const { plan } = this.store.service(name);
    const knowledge = parseKnowledge(options.knowledge);
    const watermark = await this.store.completeUntil();
    await refresh();
    return this.store.recorder.record(
      "dataset",
      name,
      OFFLINE,
      (_id, heard) =>
        writeDataset(engine, this.store.offline, clock, {
          ...heard(options),
          catalog,
          plan,
          spine: options.spine,
          time: options.time ?? "t",
          inputs: options.inputs ?? {},
          since: options.since === undefined ? null : parseTimestamp(options.since),
          out: options.out,
          cut: log.end,
          watermark,
          knowledge,
        }),
      (outcome) => ({ rows: outcome.rows, bytes: outcome.bytes, details: outcome }),
    );
  }

  train(name: string, options: WorkOptions & { readonly promote?: boolean } = {}): Promise<TrainOutcome> {
    return this.store.undisturbed(() => this.trainNow(name, options));
  }

  private async trainNow(name: string, options: WorkOptions & { readonly promote?: boolean }): Promise<TrainOutcome> {
    const { catalog, engine, clock, log, refresh } = this.store.parts;
    const model = modelNamed(catalog, name);
    await this.store.definitions.mustBeApplied(name);
    await refresh();
    const { plan } = this.store.service(model.service);
    const cut = log.end;
    const outcome = await this.store.recorder.record(
      "train",
      name,
      "model registry",
      (_id, heard) =>
        this.training.train({
          ...heard(options),
          model,
          fingerprint: fingerprintOf(catalog, model),
          source: sourceNamed(catalog, model.examples.source),
          plan,
          rows: sourceRows(engine, this.store.offline, catalog, cut, options.signal),
          join: examplesJoin(engine, this.store.offline, plan, cut, options.signal),
          promote: options.promote ?? true,
          now: clock.now(),
        }),
      (result) => ({ rows: result.trainRows, bytes: result.bytes, details: result }),
    );
    this.changed(name);
    return outcome;
  }

  async models(name?: string): Promise<ModelSummary[]> {
    if (name !== undefined) modelNamed(this.store.parts.catalog, name);
    return listModels(this.store.parts.registry, name);
  }

  async evaluation(name: string, version: number | null): Promise<ModelEvaluation> {
    modelNamed(this.store.parts.catalog, name);
    return evaluationOf(this.store.parts.registry, name, version);
  }

  async promote(name: string, version: number, options: PromoteOptions = {}): Promise<void> {
    const { catalog, registry, clock } = this.store.parts;
    const model = modelNamed(catalog, name);
    const { as: role = "current", share = null } = options;
    if (role === "canary" && !(share !== null && share > 0 && share <= 1))
      throw new AsofError("ASOF_REQUEST", "the share of a canary is above 0 and at most 1", { share });
    await this.mustFit(model, await this.version(name, version), version);
    if (role === "current") await registry.promote(name, version, clock.now());
    else await registry.tryOut(name, role, { version, share }, clock.now());
    this.changed(name);
  }

  async demote(name: string, role: TrialRole): Promise<void> {
    modelNamed(this.store.parts.catalog, name);
    await this.store.parts.registry.tryOut(name, role, null, this.store.parts.clock.now());
    this.changed(name);
  }

  /** Whether the service has what the version was trained on. @throws ASOF_MODEL_FIT */
  private async mustFit(model: ModelDefinition, loaded: LoadedModel, version: number): Promise<void> {
    const { features } = this.store.service(model.service).plan;
    try {
      // A model looks at its columns first, also where they have no rows.
      await loaded.predict(columnsOfRows(columnTypes(features), []).columns, 0);
    } catch (error) {
      if (!(error instanceof AsofError) || error.code !== "ASOF_PREDICT") throw error;
      throw new AsofError(
        "ASOF_MODEL_FIT",
        `version ${version} of model ${model.name} cannot predict from what service ${model.service} has: ${error.message}`,
        { model: model.name, version, service: model.service, ...error.details },
        error,
      );
    } finally {
      loaded.close();
    }
  }

  /** @throws ASOF_UNKNOWN_MODEL_VERSION */
  async version(model: string, version: number): Promise<LoadedModel> {
    const found = (await this.store.parts.registry.models(model)).find((candidate) => candidate.version === version);
    if (found === undefined)
      throw new AsofError("ASOF_UNKNOWN_MODEL_VERSION", `model ${model} has no version ${version}`, { model, version });
    return this.load(found);
  }

  async load(version: ModelVersion): Promise<LoadedModel> {
    return this.training.runtime(version.runtime).load(await this.training.bytes(version));
  }
}
