import { AsofError } from "../errors.ts";
import type { DataType, Fields } from "../schema/data-type.ts";
import type { ViewDefinition, ViewUseDefinition } from "./data.ts";
import { checkFieldNames, checkName } from "./name.ts";

/** What requests carry, at the type level: the data type of each input. */
export type Inputs = Fields;

/** How a service uses a view: under an alias, for inputs of these names, with these features. */
export interface ViewUse<A extends string = string, I extends Inputs = Inputs, V extends object = object> {
  readonly use: ViewUseDefinition;
  readonly view: ViewDefinition;
  /** The data type of each input. */
  readonly inputs: I;
  /** Carries types only; never there at run time. */
  readonly $alias?: A;
  readonly $features?: V;
}

/** A view as it is defined: used as it stands, it goes by its own name and the names of its keys. */
export interface View<N extends string = string, K extends Fields = Fields, V extends object = object> extends ViewUse<
  N,
  K,
  V
> {
  /**
   * The view under another name in a service, for inputs of other names:
   * `departures.as("origin", { airport: "origin" })` asks for the airport that the input `origin` names.
   */
  as<const A extends string>(alias: A): ViewUse<A, K, V>;
  as<const A extends string, const M extends { readonly [P in keyof K]: string }>(
    alias: A,
    inputs: M,
  ): ViewUse<A, Renamed<K, M>, V>;
  /** The view with some of its features only. */
  select<const P extends keyof V & string>(...features: readonly P[]): View<N, K, Pick<V, P>>;
}

/** The keys of K under the names that M gives them. */
export type Renamed<K extends Fields, M extends { readonly [P in keyof K]: string }> = {
  readonly [P in keyof K as M[P]]: K[P];
};

/** Wraps a definition as a view. `keys` are its inputs, `features` the names of what it gives. */
export function makeView<N extends string, K extends Fields, V extends object>(
  definition: ViewDefinition,
  keys: K,
  features: readonly string[],
  selected: readonly string[] | null = null,
): View<N, K, V> {
  const use = (alias: string, inputs: Readonly<Record<string, string>>): ViewUseDefinition => ({
    view: definition.name,
    alias,
    inputs,
    features: selected,
  });
  const view: View<N, K, V> = {
    view: definition,
    inputs: keys,
    use: use(definition.name, Object.fromEntries(Object.keys(keys).map((key) => [key, key]))),
    as: (alias: string, map?: Readonly<Record<string, string>>) => {
      checkName("an alias", alias);
      const names = map ?? view.use.inputs;
      for (const key of Object.keys(keys))
        if (typeof names[key] !== "string")
          throw new AsofError(
            "ASOF_DEFINITION",
            `${definition.name} as ${alias}: no input is named for its key ${key}`,
            {
              view: definition.name,
              key,
            },
          );
      const named = Object.keys(keys).map((key) => [key, names[key]] as const);
      checkFieldNames(
        `${definition.name} as ${alias}`,
        named.map(([, input]) => input),
      );
      const inputs: Record<string, DataType> = {};
      for (const [key, input] of named) {
        if (Object.hasOwn(inputs, input) && inputs[input].kind !== keys[key].kind)
          throw new AsofError(
            "ASOF_DEFINITION",
            `${definition.name} as ${alias}: the input ${input} stands for keys of different types`,
            { view: definition.name, input },
          );
        inputs[input] = keys[key];
      }
      return { view: definition, inputs: inputs as never, use: use(alias, Object.fromEntries(named)) };
    },
    select: (...names) => {
      for (const name of names)
        if (!features.includes(name))
          throw new AsofError(
            "ASOF_DEFINITION",
            `${definition.name} has no feature ${name}; it has ${features.join(", ")}`,
            {
              view: definition.name,
              feature: name,
            },
          );
      return makeView(definition, keys, features, names);
    },
  };
  return Object.freeze(view);
}
