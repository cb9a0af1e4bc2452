import type { Fields, RowOf } from "../schema/data-type.ts";
import type { Description, OnDemandViewDefinition } from "./data.ts";
import { freeze } from "./freeze.ts";
import { checkFieldNames, checkName } from "./name.ts";
import { makeView, type View } from "./view.ts";

/** What a request-time function may know beside its input. */
export interface OnDemandContext {
  /** The moment the answer is for, in microseconds. */
  readonly t: number;
}

/** A request-time function: pure, and the same for training and for serving. */
export type OnDemandFunction<I, O> = (input: I, context: OnDemandContext) => O;

export interface OnDemandView<N extends string, I extends Fields, F extends Fields> extends View<N, I, RowOf<F>> {
  readonly compute: OnDemandFunction<RowOf<I>, RowOf<F>>;
}

export interface OnDemandViewOptions<I extends Fields, F extends Fields> extends Description {
  /** What the request must carry. */
  readonly input: I;
  readonly features: F;
  /** Reads neither clock nor randomness: both throw. Dates behave as in UTC. */
  readonly compute: OnDemandFunction<RowOf<I>, RowOf<F>>;
}

/** Declares features computed from the request itself. @throws ASOF_DEFINITION */
export function onDemandView<const N extends string, const I extends Fields, const F extends Fields>(
  name: N,
  options: OnDemandViewOptions<I, F>,
): OnDemandView<N, I, F> {
  const { input, features, compute, ...about } = options;
  checkName("a view", name);
  checkFieldNames(`view ${name}`, Object.keys(input));
  checkFieldNames(`view ${name}`, Object.keys(features));
  const definition: OnDemandViewDefinition = freeze({
    kind: "onDemandView",
    name,
    input,
    features,
    code: compute.toString(),
    ...about,
  });
  return Object.freeze({ ...makeView<N, I, RowOf<F>>(definition, input, Object.keys(features)), compute });
}
