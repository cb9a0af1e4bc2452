import { canonicalize } from "../codec/canonicalize.ts";
import type { OnDemandViewDefinition } from "../definition/data.ts";
import type { OnDemandFunction } from "../definition/on-demand-view.ts";
import { AsofError } from "../errors.ts";
import type { Row, Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { impure, PureDate } from "./pure-date.ts";
import { PureDateTimeFormat } from "./pure-date-time-format.ts";

/**
 * A view's request-time function, ready to be called for rows: the same for a training set and for a request. While
 * it runs, reading the clock or randomness throws and dates are UTC; what it returns is checked against the view's
 * features. Inputs must be canonical values of the view's inputs; `t[i]` is the moment of row i.
 * @throws AsofError ASOF_ON_DEMAND
 */
export function onDemand(
  view: OnDemandViewDefinition,
  compute: OnDemandFunction<never, unknown>,
): (inputs: readonly Row[], t: ArrayLike<Timestamp>) => Row[] {
  const features = Object.entries(view.features);
  const check = (result: unknown): Row => {
    // What becomes of it is nobody's business, but unheard it would end the process.
    if (result instanceof Promise) result.catch(() => {});
    if (typeof result !== "object" || result === null || result instanceof Promise)
      throw new AsofError(
        "ASOF_ON_DEMAND",
        `view ${view.name}: its function returned ${result instanceof Promise ? "a promise" : String(result)}, not an object of features`,
        { view: view.name },
      );
    const row: Record<string, Value> = {};
    for (const [name, type] of features)
      try {
        row[name] = canonicalize(type, (result as Row)[name], name);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new AsofError("ASOF_ON_DEMAND", `view ${view.name}: ${why}`, { view: view.name, feature: name }, cause);
      }
    return row;
  };
  return (inputs, t) =>
    purely(view.name, () => inputs.map((input, i) => compute(input as never, { t: t[i] }))).map(check);
}

const forbidden = (what: string) => (): never => {
  throw impure(what);
};

/** What must not be read, and what stands in for it. */
const replaced: readonly { readonly of: object; readonly name: string; readonly by: unknown }[] = [
  { of: globalThis, name: "Date", by: PureDate },
  { of: Intl, name: "DateTimeFormat", by: PureDateTimeFormat },
  { of: Math, name: "random", by: forbidden("Math.random()") },
  { of: globalThis.performance, name: "now", by: forbidden("performance.now()") },
  { of: globalThis.crypto, name: "randomUUID", by: forbidden("crypto.randomUUID()") },
  { of: globalThis.crypto, name: "getRandomValues", by: forbidden("crypto.getRandomValues()") },
];

/** Runs a synchronous function in a world without clock, randomness and time zone. */
function purely<T>(view: string, run: () => T): T {
  const before = replaced.map(({ of, name }) => Object.getOwnPropertyDescriptor(of, name));
  for (const { of, name, by } of replaced)
    Object.defineProperty(of, name, { value: by, configurable: true, writable: true });
  try {
    return run();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AsofError("ASOF_ON_DEMAND", `view ${view}: its function failed: ${why}`, { view }, cause);
  } finally {
    replaced.forEach(({ of, name }, i) => {
      const own = before[i];
      // What was put on an instance hid its prototype's own; taking it away brings that back.
      if (own === undefined) Reflect.deleteProperty(of, name);
      else Object.defineProperty(of, name, own);
    });
  }
}
