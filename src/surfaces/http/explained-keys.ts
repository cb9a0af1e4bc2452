import { AsofError } from "../../core/errors.ts";
import type { Fields } from "../../core/schema/data-type.ts";
import { type Definitions, definitionOf } from "./feature-types.ts";

/** The types of a view's keys, or of a request-time view's input; nothing where there is no such view. */
export function viewKeyTypes(store: Definitions, view: string): Fields {
  try {
    // Views share their names: whichever kind is asked for, the view of the name is found.
    const found = store.definition("aggregateView", view);
    if (found.kind === "onDemandView") return found.input;
    if (found.kind === "aggregateView" || found.kind === "batchView")
      return definitionOf(store, "entity", found.entity).keys;
    return {};
  } catch (error) {
    if (error instanceof AsofError && error.code === "ASOF_UNKNOWN_VIEW") return {};
    throw error;
  }
}

/** `view.feature` as its two names; null where it is neither. */
export function namesOfFeature(text: string): readonly [view: string, feature: string] | null {
  const dot = text.indexOf(".");
  return dot < 1 || dot === text.length - 1 ? null : [text.slice(0, dot), text.slice(dot + 1)];
}
