import { count, mapOf, objectOf, whole } from "../../core/codec/shape.ts";
import { driftOf } from "../../core/metrics/drift.ts";
import {
  type Summaries,
  summariesFromJson,
  summariesToJson,
  type SummariesData,
} from "../../core/metrics/feature-summaries.ts";
import {
  addToSummary,
  emptyLike,
  mergeSummary,
  summaryRows,
  summaryShape,
} from "../../core/metrics/feature-summary.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import type { ModelDrift } from "../../core/result/monitoring.ts";
import type { Value } from "../../core/schema/data-type.ts";
import { HOUR, type Timestamp } from "../../core/time/timestamp.ts";

/** Serving is summed up by stretches of this length, of which the last ones are kept: seven days. */
const STRETCH = 6 * HOUR;
const STRETCHES = 28;

/** A stretch of serving: what a version of a model was served with in it. */
interface Stretch {
  readonly number: number;
  predictions: number;
  readonly summaries: Summaries;
  dirty: boolean;
}

export interface StretchData {
  readonly number: number;
  readonly predictions: number;
  readonly features: SummariesData;
}

/** What a `StretchData` looks like. */
export const stretchShape = objectOf({ number: whole, predictions: count, features: mapOf(summaryShape) });

/** What one version of a model was trained on and is served with, the latter over the last seven days of serving. */
export class VersionDrift {
  readonly model: string;
  readonly version: number;
  private readonly training: Summaries;
  /** By the number of the stretch modulo how many are kept. */
  private readonly stretches: (Stretch | undefined)[] = [];
  private newest = -Infinity;

  constructor(model: string, version: number, training: SummariesData, stretches: readonly StretchData[]) {
    this.model = model;
    this.version = version;
    this.training = summariesFromJson(training);
    for (const { number, predictions, features } of stretches)
      this.keep({ number, predictions, summaries: summariesFromJson(features), dirty: false });
  }

  add(answers: readonly FeatureAnswer[]): void {
    for (const { values, t } of answers) {
      const stretch = this.stretchOf(Math.floor(t / STRETCH));
      if (stretch === null) continue;
      stretch.predictions++;
      stretch.dirty = true;
      for (const [name, summary] of stretch.summaries) addToSummary(summary, values[name] as Value);
    }
  }

  /** The stretches that have changed since the last call, each with its place among those kept. */
  changes(): { readonly place: number; readonly data: StretchData }[] {
    return this.stretches.flatMap((stretch, place) => {
      if (stretch === undefined || !stretch.dirty) return [];
      stretch.dirty = false;
      const { number, predictions, summaries } = stretch;
      return [{ place, data: { number, predictions, features: summariesToJson(summaries) } }];
    });
  }

  /** Everything must be written again: what `changes` gave was not. */
  unwritten(): void {
    for (const stretch of this.stretches) if (stretch !== undefined) stretch.dirty = true;
  }

  report(now: Timestamp): ModelDrift {
    const since = Math.floor(now / STRETCH) - STRETCHES + 1;
    const kept = this.stretches.filter((one) => one !== undefined && one.number >= since) as Stretch[];
    return {
      model: this.model,
      version: this.version,
      since: since * STRETCH,
      predictions: kept.reduce((sum, { predictions }) => sum + predictions, 0),
      features: [...this.training].map(([feature, training]) => {
        const serving = emptyLike(training);
        for (const { summaries } of kept) mergeSummary(serving, summaries.get(feature)!);
        return {
          feature,
          ...driftOf(training, serving),
          trained: { rows: summaryRows(training), nulls: training.nulls },
          served: { rows: summaryRows(serving), nulls: serving.nulls },
        };
      }),
    };
  }

  /** How many places there are. */
  static readonly places = STRETCHES;

  /** The stretch of this number; null where it is older than what is kept. */
  private stretchOf(number: number): Stretch | null {
    const place = placeOf(number);
    const present = this.stretches[place];
    if (present !== undefined && present.number >= number) return present.number === number ? present : null;
    if (number <= this.newest - STRETCHES) return null;
    const summaries = new Map([...this.training].map(([name, training]) => [name, emptyLike(training)]));
    const stretch = { number, predictions: 0, summaries, dirty: false };
    this.keep(stretch);
    return stretch;
  }

  private keep(stretch: Stretch): void {
    this.stretches[placeOf(stretch.number)] = stretch;
    this.newest = Math.max(this.newest, stretch.number);
  }
}

const placeOf = (number: number): number => ((number % STRETCHES) + STRETCHES) % STRETCHES;
