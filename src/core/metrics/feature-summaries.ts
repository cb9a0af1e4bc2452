import { columnType } from "../codec/collection-text.ts";
import { mapOf, objectOf } from "../codec/shape.ts";
import type { Features } from "../definition/service-features.ts";
import { type Column, valueAt } from "../schema/column.ts";
import {
  addToSummary,
  closeSummary,
  emptySummary,
  type FeatureSummary,
  type SummaryData,
  summaryFromJson,
  summaryShape,
  summaryToJson,
} from "./feature-summary.ts";

/** Summaries by feature. */
export type Summaries = ReadonlyMap<string, FeatureSummary>;
export type SummariesData = Readonly<Record<string, SummaryData>>;

/** What a version of a model keeps of its training set, as a note of the registry: JSON with `format: 1`. */
export interface TrainingNote {
  readonly features: SummariesData;
}

export const trainingNoteName = (model: string, version: number): string => `training.${model}.${version}`;

export const trainingNoteShape = objectOf({ features: mapOf(summaryShape) });

/** What the features of a training set look like. */
export function summarizeColumns(
  features: Features,
  columns: Readonly<Record<string, Column>>,
  rows: number,
): SummariesData {
  const summaries = new Map<string, FeatureSummary>();
  for (const [name, type] of Object.entries(features)) {
    const summary = emptySummary(type);
    if (summary === null) continue;
    const column = { ...columns[name], type: columnType(type) };
    for (let i = 0; i < rows; i++) addToSummary(summary, valueAt(column, i));
    summaries.set(name, closeSummary(summary));
  }
  return summariesToJson(summaries);
}

export function summariesToJson(summaries: Summaries): SummariesData {
  return Object.fromEntries([...summaries].map(([name, summary]) => [name, summaryToJson(summary)]));
}

/** @throws AsofError ASOF_CORRUPT */
export function summariesFromJson(data: SummariesData): Summaries {
  return new Map(Object.entries(data).map(([name, summary]) => [name, summaryFromJson(summary)]));
}
