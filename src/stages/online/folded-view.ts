import type { OnlineView } from "../../core/codec/online-meta.ts";
import type { AggregateViewDefinition } from "../../core/definition/data.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { ViewState } from "./view-state.ts";

/** An aggregate view that the fold keeps up to date, as data: it can be handed to another thread. */
export interface FollowedView {
  /** What it reads, in the shape that it reads it in. */
  readonly source: Stream;
  readonly online: OnlineView;
  readonly definition: AggregateViewDefinition;
  /** Of its entity. */
  readonly keys: Fields;
}

/** The same with what brings records into its state. */
export interface FoldedView extends FollowedView {
  readonly state: ViewState;
}

export function foldedView({ source, online, definition, keys }: FollowedView): FoldedView {
  const state = new ViewState(definition, keys, source.fields, online.state);
  return { source, online, definition, keys, state };
}
