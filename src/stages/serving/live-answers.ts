import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { AnswerForm, WrittenAnswers, WrittenPart, WrittenText } from "../../core/result/answer-form.ts";
import type { FeatureAnswer, ViewStatus } from "../../core/result/answers.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { KeptRow } from "./kept-rows.ts";

/** What one use of a view has for one row. */
export interface AnsweredUse {
  readonly values: readonly FeatureValue[];
  readonly status: ViewStatus;
  readonly eventTime: Timestamp | null;
  readonly kept: KeptRow | null;
}

/** Makes the records of answers of one service. */
export interface AnswerShape {
  readonly values: (values: readonly FeatureValue[]) => Record<string, FeatureValue>;
  readonly statuses: (statuses: readonly ViewStatus[]) => Record<string, ViewStatus>;
  readonly times: (times: readonly (Timestamp | null)[]) => Record<string, Timestamp | null>;
}

/** The answers to one request: read, and not yet objects or text. Each is made once, when it is asked for. */
export class LiveAnswers {
  readonly t: Timestamp;
  readonly size: number;
  private readonly shape: AnswerShape;
  private readonly loads: Readonly<Record<string, number>>;
  /** By use of the service, then by row. */
  private readonly uses: readonly (readonly AnsweredUse[])[];
  private made: FeatureAnswer[] | null = null;

  constructor(
    shape: AnswerShape,
    size: number,
    uses: readonly (readonly AnsweredUse[])[],
    moment: { readonly t: Timestamp; readonly loads: Readonly<Record<string, number>> },
  ) {
    this.shape = shape;
    this.size = size;
    this.uses = uses;
    this.t = moment.t;
    this.loads = moment.loads;
  }

  /** As objects. */
  all(): FeatureAnswer[] {
    return (this.made ??= Array.from({ length: this.size }, (_, row) => this.make(row)));
  }

  one(row: number): FeatureAnswer {
    return this.made?.[row] ?? this.make(row);
  }

  /** As text. What was kept since it was written last is not written again. */
  written(form: AnswerForm): WrittenAnswers {
    const { uses } = this;
    const heads: WrittenText[] = [];
    if (uses.length === 1) for (const one of uses[0]) heads.push(headOf(form, one));
    else
      for (let row = 0; row < this.size; row++)
        heads.push(form.head(uses.map((rows, use) => partOf(form, use, rows[row]))));
    return { heads, tail: form.tail(this.t, this.loads) };
  }

  statusOf(use: number, row: number): ViewStatus {
    return this.uses[use][row].status;
  }

  /** Which values of a use are null in a row. */
  nullsOf(use: number, row: number): readonly number[] {
    const { kept, values } = this.uses[use][row];
    if (kept !== null) return kept.nulls;
    const nulls: number[] = [];
    for (let i = 0; i < values.length; i++) if (values[i] === null) nulls.push(i);
    return nulls;
  }

  private make(row: number): FeatureAnswer {
    const { uses, shape, t, loads } = this;
    const features: FeatureValue[] = [];
    const statuses: ViewStatus[] = [];
    const eventTimes: (Timestamp | null)[] = [];
    for (const rows of uses) {
      const { values, status, eventTime } = rows[row];
      for (const value of values) features.push(value);
      statuses.push(status);
      eventTimes.push(eventTime);
    }
    return {
      values: shape.values(features),
      statuses: shape.statuses(statuses),
      eventTimes: shape.times(eventTimes),
      t,
      knowledge: "served",
      loads,
    };
  }
}

function partOf(form: AnswerForm, use: number, row: AnsweredUse): WrittenPart {
  if (row.kept !== null) return writtenOf(form, use, row.kept).part;
  return form.part(use, row.values, row.status, row.eventTime);
}

function headOf(form: AnswerForm, row: AnsweredUse): WrittenText {
  if (row.kept !== null) {
    const written = writtenOf(form, 0, row.kept);
    return (written.head ??= form.head([written.part]));
  }
  return form.head([form.part(0, row.values, row.status, row.eventTime)]);
}

function writtenOf(form: AnswerForm, use: number, kept: KeptRow): NonNullable<KeptRow["written"]> {
  const { written } = kept;
  if (written !== null && written.form === form) return written;
  const part = form.part(use, kept.values, kept.status, kept.eventTime);
  return (kept.written = { form, part, head: null });
}
