import { columnRow, columnTypes } from "../../core/codec/collection-text.ts";
import type { ModelDefinition } from "../../core/definition/data.ts";
import { SERVED, shadowId, type Stream } from "../../core/definition/stream.ts";
import type { StreamRecord } from "../../core/codec/record-batch.ts";
import { AsofError } from "../../core/errors.ts";
import { keyPlaces } from "../../core/plan/key-share.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer, PredictionAnswer } from "../../core/result/answers.ts";
import type { ShadowedRows } from "../../core/result/monitoring.ts";
import type { StageTimer } from "../../core/result/stage-timer.ts";
import type { ServingRole } from "../../core/result/serving-role.ts";
import { columnsOfRows } from "../../core/schema/column.ts";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import type { HeldModel } from "./held-model.ts";
import type { Serving } from "./served-versions.ts";
import { Shadow } from "./shadow.ts";

/** Appends what was served to the log; resolves once it is on disk. */
export type AppendServed = (stream: Stream, records: readonly StreamRecord[]) => Promise<unknown>;

/** What one row was answered with. */
interface Answered {
  readonly version: number;
  readonly role: ServingRole;
  readonly prediction: number;
}

/**
 * Turns the features of requests into predictions, and logs each with the request, the features, the model's version
 * and its role. Answers do not wait for the disk; what could not be logged is refused at the next call. Nor do they
 * wait for a shadow, which is told what they were made of.
 */
export class Predictor {
  private readonly model: ModelDefinition;
  private readonly stream: Stream;
  private readonly append: AppendServed;
  private readonly columns: Fields;
  private readonly row: ReturnType<typeof columnRow>;
  private readonly placeOf: (request: Row) => number;
  private readonly shadow: Shadow;
  private readonly logging = new Set<Promise<unknown>>();
  private failure: Error | null = null;
  private readonly tag: string;
  private served = 0;

  /** @param parts.tag tells ids of this process from those of others that predict at the same moment */
  constructor(parts: {
    model: ModelDefinition;
    plan: ServicePlan;
    stream: Stream;
    append: AppendServed;
    onShadow: (rows: ShadowedRows) => void;
    tag: string;
  }) {
    this.tag = parts.tag;
    this.model = parts.model;
    this.stream = parts.stream;
    this.append = parts.append;
    this.columns = columnTypes(parts.plan.features);
    this.row = columnRow(parts.plan.features);
    this.placeOf = keyPlaces(parts.plan, parts.model.name);
    this.shadow = new Shadow({
      model: parts.model.name,
      append: (records) => parts.append(parts.stream, records),
      tell: parts.onShadow,
    });
  }

  /** @throws ASOF_PREDICT; ASOF_HOME where an earlier prediction could not be logged */
  async predict(
    serving: Serving,
    requests: readonly Row[],
    answers: readonly FeatureAnswer[],
    timer?: StageTimer,
  ): Promise<PredictionAnswer[]> {
    if (this.failure !== null)
      throw new AsofError(
        "ASOF_HOME",
        `predictions of model ${this.model.name} cannot be logged`,
        { model: this.model.name },
        this.failure,
      );
    timer?.begin("model");
    const rows = answers.map(({ values }) => this.row(values));
    const answered = await this.answer(serving, requests, rows);
    timer?.begin(null);
    const results = answers.map((features, i): PredictionAnswer => ({
      model: this.model.name,
      version: answered[i].version,
      prediction: answered[i].prediction,
      features,
      id: `${this.model.name}-${features.t.toString(36)}-${this.tag}${(this.served++).toString(36)}`,
    }));
    const records = results.map((result, i) => this.record(result, answered[i].role, requests[i], rows[i]));
    this.log(records);
    if (serving.shadow !== null) this.cast(serving.shadow, rows, records);
    return results;
  }

  /** Resolves once no shadow has anything to predict that was taken so far. */
  shadowed(): Promise<void> {
    return this.shadow.done();
  }

  /** Resolves once all that was served is on disk, and what a shadow predicted beside it. */
  async logged(): Promise<void> {
    await this.shadow.done();
    await Promise.all(this.logging);
    if (this.failure !== null) throw this.failure;
  }

  /** The prediction for each row: by the canary where the request's keys belong to its share. */
  private async answer(
    { current, canary }: Serving,
    requests: readonly Row[],
    rows: readonly Row[],
  ): Promise<readonly Answered[]> {
    if (canary === null) return this.answerAll(current, "current", rows);
    const canarys = requests.map((request) => this.placeOf(request) < canary.share);
    const own = rows.filter((_, i) => canarys[i]);
    if (own.length === rows.length) return this.answerAll(canary.model, "canary", rows);
    if (own.length === 0) return this.answerAll(current, "current", rows);
    const rest = rows.filter((_, i) => !canarys[i]);
    const [tried, usual] = await Promise.all([
      this.answerAll(canary.model, "canary", own),
      this.answerAll(current, "current", rest),
    ]);
    let [nextTried, nextUsual] = [0, 0];
    return canarys.map((isCanarys) => (isCanarys ? tried[nextTried++] : usual[nextUsual++]));
  }

  private async answerAll(model: HeldModel, role: ServingRole, rows: readonly Row[]): Promise<Answered[]> {
    const predicting = model.loaded.predict(columnsOfRows(this.columns, rows).columns, rows.length);
    const predictions = predicting instanceof Promise ? await predicting : predicting;
    return rows.map((_, i) => ({ version: model.version, role, prediction: predictions[i] }));
  }

  /** Has the shadow predict for the same rows; what it says is logged. */
  private cast(shadow: NonNullable<Serving["shadow"]>, rows: readonly Row[], answered: readonly StreamRecord[]): void {
    this.shadow.take(shadow, rows.length, async (model) => {
      const { columns } = columnsOfRows(this.columns, rows);
      const predictions = await model.predict(columns, rows.length);
      return answered.map(({ event, row }, i): StreamRecord => ({
        event,
        row: {
          ...row,
          [SERVED.id]: shadowId(row[SERVED.id] as string),
          [SERVED.version]: shadow.version,
          [SERVED.role]: "shadow" satisfies ServingRole,
          [SERVED.prediction]: predictions[i],
        },
      }));
    });
  }

  private record(answer: PredictionAnswer, role: ServingRole, request: Row, features: Row): StreamRecord {
    const { id, version, prediction } = answer;
    const { t, loads, statuses, eventTimes } = answer.features;
    return {
      event: t,
      row: {
        [SERVED.id]: id,
        [SERVED.t]: t,
        [SERVED.version]: version,
        [SERVED.role]: role,
        [SERVED.prediction]: prediction,
        [SERVED.loads]: JSON.stringify(loads),
        [SERVED.statuses]: JSON.stringify(statuses),
        [SERVED.eventTimes]: JSON.stringify(eventTimes),
        ...request,
        ...features,
      },
    };
  }

  private log(records: readonly StreamRecord[]): void {
    const writing: Promise<unknown> = this.append(this.stream, records)
      .catch((error: unknown) => (this.failure = error as Error))
      .finally(() => this.logging.delete(writing));
    this.logging.add(writing);
  }
}
