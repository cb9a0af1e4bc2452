import { columnRow, columnTypes } from "../../core/codec/collection-text.ts";
import type { ModelDefinition } from "../../core/definition/data.ts";
import { SERVED, type Stream } from "../../core/definition/stream.ts";
import type { StreamRecord } from "../../core/codec/record-batch.ts";
import { AsofError } from "../../core/errors.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer, PredictionAnswer } from "../../core/result/answers.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { LoadedModel } from "../../ports/trainer.ts";

/** Appends what was served to the log; resolves once it is on disk. */
export type AppendServed = (stream: Stream, records: readonly StreamRecord[]) => Promise<unknown>;

/** A version of a model, loaded to serve. */
export interface ServingModel {
  readonly version: number;
  readonly loaded: LoadedModel;
}

/**
 * Turns the features of requests into predictions, and logs each with the request, the features and the model's
 * version. Answers do not wait for the disk; what could not be logged is refused at the next call.
 */
export class Predictor {
  private readonly model: ModelDefinition;
  private readonly stream: Stream;
  private readonly append: AppendServed;
  private readonly columns: Fields;
  private readonly row: ReturnType<typeof columnRow>;
  private readonly logging = new Set<Promise<unknown>>();
  private failure: Error | null = null;
  private readonly tag: string;
  private served = 0;

  /** @param parts.tag tells ids of this process from those of others that predict at the same moment */
  constructor(parts: { model: ModelDefinition; plan: ServicePlan; stream: Stream; append: AppendServed; tag: string }) {
    this.tag = parts.tag;
    this.model = parts.model;
    this.stream = parts.stream;
    this.append = parts.append;
    this.columns = columnTypes(parts.plan.features);
    this.row = columnRow(parts.plan.features);
  }

  /** @throws ASOF_PREDICT; ASOF_HOME where an earlier prediction could not be logged */
  async predict(
    serving: ServingModel,
    requests: readonly Row[],
    answers: readonly FeatureAnswer[],
  ): Promise<PredictionAnswer[]> {
    if (this.failure !== null)
      throw new AsofError(
        "ASOF_HOME",
        `predictions of model ${this.model.name} cannot be logged`,
        { model: this.model.name },
        this.failure,
      );
    const { columns } = columnsOfRows(
      this.columns,
      answers.map(({ values }) => this.row(values)),
    );
    const predicting = serving.loaded.predict(columns, answers.length);
    const predictions = predicting instanceof Promise ? await predicting : predicting;
    const results = answers.map((features, i): PredictionAnswer => ({
      model: this.model.name,
      version: serving.version,
      prediction: predictions[i],
      features,
      id: `${this.model.name}-${features.t.toString(36)}-${this.tag}${(this.served++).toString(36)}`,
    }));
    this.log(results, requests);
    return results;
  }

  /** Resolves once all that was served is on disk. */
  async logged(): Promise<void> {
    await Promise.all(this.logging);
    if (this.failure !== null) throw this.failure;
  }

  private log(results: readonly PredictionAnswer[], requests: readonly Row[]): void {
    const records = results.map(({ id, version, prediction, features }, i): StreamRecord => ({
      event: features.t,
      row: {
        [SERVED.id]: id,
        [SERVED.t]: features.t,
        [SERVED.version]: version,
        [SERVED.prediction]: prediction,
        [SERVED.loads]: JSON.stringify(features.loads),
        [SERVED.statuses]: JSON.stringify(features.statuses),
        [SERVED.eventTimes]: JSON.stringify(features.eventTimes),
        ...requests[i],
        ...this.row(features.values),
      },
    }));
    const writing: Promise<unknown> = this.append(this.stream, records)
      .catch((error: unknown) => (this.failure = error as Error))
      .finally(() => this.logging.delete(writing));
    this.logging.add(writing);
  }
}
