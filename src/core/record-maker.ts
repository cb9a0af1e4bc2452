/**
 * Makes records of the same names from arrays with a value for each, in their order. All come to be in one piece and in
 * one shape, which costs a fraction of adding the names one by one.
 */
export function recordMaker<V>(names: readonly string[]): (values: readonly V[]) => Record<string, V> {
  // A computed name is an own property, whatever the name.
  const members = names.map((name, i) => `[${JSON.stringify(name)}]: values[${i}]`);
  // oxlint-disable-next-line typescript/no-implied-eval -- of nothing but names, quoted
  return new Function("values", `return { ${members.join(", ")} };`) as (values: readonly V[]) => Record<string, V>;
}

/** Reads the values of records by the same names, in their order: all of them in one piece, as `recordMaker` makes them. */
export function valuesReader<V>(names: readonly string[]): (record: Readonly<Record<string, V>>) => V[] {
  const members = names.map((name) => `record[${JSON.stringify(name)}]`);
  // oxlint-disable-next-line typescript/no-implied-eval -- of nothing but names, quoted
  return new Function("record", `return [${members.join(", ")}];`) as (record: Readonly<Record<string, V>>) => V[];
}
