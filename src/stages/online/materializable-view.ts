import type { AggregateViewDefinition, BatchViewDefinition } from "../../core/definition/data.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { Fields } from "../../core/schema/data-type.ts";

/** A view with what it rests on, ready to be materialized. */
export type MaterializableView =
  | {
      readonly view: AggregateViewDefinition;
      readonly fingerprint: string;
      readonly keys: Fields;
      readonly source: Stream;
      readonly stream: string;
    }
  | {
      readonly view: BatchViewDefinition;
      readonly fingerprint: string;
      readonly keys: Fields;
      readonly stream: string;
    };

export type AggregateTarget = Extract<MaterializableView, { readonly source: Stream }>;
export type BatchTarget = Exclude<MaterializableView, AggregateTarget>;

export function isBatch(view: MaterializableView): view is BatchTarget {
  return view.view.kind === "batchView";
}
