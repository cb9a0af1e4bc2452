import type { AggregateFeature, AggregateViewDefinition, ViewDefinition } from "../../../core/definition/data.ts";

/**
 * What Feast calls a feature view that is pushed to: an aggregate view of nothing but the last values of its source's
 * fields. What is written to it is what is read from it, so its features go by the names of these fields.
 */
export interface LatestView {
  readonly view: AggregateViewDefinition;
  /** The source's field for each feature. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A view as one that can be written; null where its features are computed. */
export function latestView(view: ViewDefinition): LatestView | null {
  if (view.kind !== "aggregateView") return null;
  const keys = new Set(Object.keys(view.keys));
  const fields = new Map<string, string>();
  for (const feature of view.features) {
    const field = latestField(feature);
    if (field === null || keys.has(field)) return null;
    fields.set(feature.name, field);
  }
  // Two windows over one field are two features, of which its name would be either.
  return new Set(fields.values()).size === fields.size ? { view, fields } : null;
}

function latestField({ aggregation, of, where, per, series, window }: AggregateFeature): string | null {
  const plain = where === null && per === undefined && series === undefined && window.offset === 0;
  return plain && aggregation.kind === "last" && of !== null && of.op === "column" ? of.name : null;
}
