import { canonicalize } from "../codec/canonicalize.ts";
import type { OnDemandViewDefinition } from "../definition/data.ts";
import type { OnDemandFunction } from "../definition/on-demand-view.ts";
import { AsofError } from "../errors.ts";
import type { Row, Value } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";
import { impure, PureDate } from "./pure-date.ts";

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
    if (typeof result !== "object" || result === null || result instanceof Promise)
      throw new AsofError("ASOF_ON_DEMAND", `view ${view.name}: its function returned ${result instanceof Promise ? "a promise" : String(result)}, not an object of features`, { view: view.name });
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
  return (inputs, t) => purely(view.name, () => inputs.map((input, i) => compute(input as never, { t: t[i] }))).map(check);
}

const forbidden = (what: string) => (): never => {
  throw impure(what);
};
const random = forbidden("Math.random()");
const now = forbidden("performance.now()");
const uuid = forbidden("crypto.randomUUID()");
const values = forbidden("crypto.getRandomValues()");

/** Runs a synchronous function in a world without clock, randomness and time zone. */
function purely<T>(view: string, run: () => T): T {
  const { Date: date } = globalThis;
  const { random: realRandom } = Math;
  const { performance, crypto } = globalThis;
  globalThis.Date = PureDate;
  Math.random = random;
  Object.defineProperty(performance, "now", { value: now, configurable: true, writable: true });
  Object.defineProperty(crypto, "randomUUID", { value: uuid, configurable: true, writable: true });
  Object.defineProperty(crypto, "getRandomValues", { value: values, configurable: true, writable: true });
  try {
    return run();
  } catch (cause) {
    if (cause instanceof AsofError && cause.code === "ASOF_ON_DEMAND") throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AsofError("ASOF_ON_DEMAND", `view ${view}: its function failed: ${why}`, { view }, cause);
  } finally {
    globalThis.Date = date;
    Math.random = realRandom;
    // What was put on the instances hides the prototypes' own; taking it away brings them back.
    Reflect.deleteProperty(performance, "now");
    Reflect.deleteProperty(crypto, "randomUUID");
    Reflect.deleteProperty(crypto, "getRandomValues");
  }
}
