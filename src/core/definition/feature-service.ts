import { AsofError } from "../errors.ts";
import type { DataType, ValueOf } from "../schema/data-type.ts";
import type { TimestampInput } from "../time/timestamp.ts";
import type { Description, ServiceDefinition } from "./data.ts";
import { freeze } from "./freeze.ts";
import { checkFieldNames, checkName } from "./name.ts";
import type { Inputs, ViewUse } from "./view.ts";

type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;
type Flat<T> = { readonly [P in keyof T]: T[P] };

/** What a caller may give for an input. */
export type Given<D extends DataType> =
  | (D["kind"] extends "timestamp" ? TimestampInput : D["kind"] extends "int64" ? bigint | number : ValueOf<D>)
  | (D["nullable"] extends true ? null : never);

/** What a caller may give for inputs. Where several views ask for one, it must do for each of them. */
type GivenForUse<U> = U extends ViewUse<string, infer I> ? { readonly [P in keyof I]: Given<I[P]> } : never;

type FeaturesOfUse<U> =
  U extends ViewUse<infer A, Inputs, infer V> ? { readonly [P in keyof V & string as `${A}__${P}`]: V[P] } : never;

/** A set of features that a model or an application asks for at once. I is its request, V its answer, N its name. */
export interface FeatureService<I extends object = object, V extends object = object, N extends string = string> {
  readonly definition: ServiceDefinition & { readonly name: N };
  readonly uses: readonly ViewUse[];
  readonly $input?: I;
  readonly $features?: V;
}

export type RequestOf<S> = S extends FeatureService<infer I> ? I : never;
export type FeaturesOf<S> = S extends FeatureService<object, infer V> ? V : never;

/**
 * Declares a feature service: views under their aliases. Its features are named `alias__feature`; its inputs are
 * the keys of its views, under the names given, and what its on-demand views ask for.
 * @throws ASOF_DEFINITION
 */
export function featureService<const U extends readonly ViewUse[], const N extends string>(
  name: N,
  uses: U,
  about: Description = {},
): FeatureService<
  Flat<UnionToIntersection<GivenForUse<U[number]>>>,
  Flat<UnionToIntersection<FeaturesOfUse<U[number]>> & object>,
  N
> {
  checkName("a feature service", name);
  if (uses.length === 0) throw new AsofError("ASOF_DEFINITION", `service ${name} has no views`, { service: name });
  const inputs: Record<string, DataType> = {};
  const aliases = new Set<string>();
  for (const { use, inputs: wanted } of uses) {
    if (aliases.has(use.alias))
      throw new AsofError(
        "ASOF_DEFINITION",
        `service ${name} has two views called ${use.alias}: give one another name with .as()`,
        {
          service: name,
          alias: use.alias,
        },
      );
    aliases.add(use.alias);
    for (const [input, type] of Object.entries(wanted)) addInput(name, inputs, input, type);
  }
  checkFieldNames(`service ${name}`, Object.keys(inputs));
  const definition: ServiceDefinition & { readonly name: N } = freeze({
    kind: "service",
    name,
    uses: uses.map(({ use }) => use),
    inputs,
    ...about,
  });
  return Object.freeze({ definition, uses });
}

function addInput(service: string, inputs: Record<string, DataType>, name: string, type: DataType): void {
  const present = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
  if (present !== undefined && present.kind !== type.kind)
    throw new AsofError(
      "ASOF_DEFINITION",
      `service ${service}: the input ${name} is asked for as ${present.kind} and as ${type.kind}`,
      {
        service,
        input: name,
      },
    );
  inputs[name] = present === undefined ? type : both(present, type);
}

/** The type of an input that several views ask for: what does for each of them. */
function both(a: DataType, b: DataType): DataType {
  const nonFinite = a.nonFinite === true && b.nonFinite === true;
  return { kind: a.kind, nullable: a.nullable && b.nullable, ...(nonFinite ? { nonFinite } : {}) };
}
