import type { CatalogEntry, Fields, FieldType, Value } from "../api/answers.ts";

/** How a service uses a view. */
export interface Use {
  readonly view: string;
  readonly alias: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly features: readonly string[] | null;
}

export interface Service {
  readonly name: string;
  readonly uses: readonly Use[];
  readonly inputs: Fields;
}

export function servicesOf(catalog: readonly CatalogEntry[]): readonly Service[] {
  return catalog.filter(({ kind }) => kind === "service").map(({ definition }) => definition as unknown as Service);
}

/** What a field of a form means as a value; text that is no such value goes to the server as it is, which says why not. */
export function valueOf(text: string, { kind, nullable }: FieldType): Value {
  if (text === "" && (nullable || kind !== "string")) return null;
  if ((kind === "int32" || kind === "float64") && text.trim() !== "" && Number.isFinite(Number(text)))
    return Number(text);
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

export type Texts = Readonly<Record<string, string>>;

/** A request's row, from the texts of a form. */
export function rowOf({ inputs }: Service, texts: Texts): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, type]) => [name, valueOf(texts[name] ?? "", type)]));
}

/** The key that a use asks its view for: the keys of its entity, or the inputs of a request-time view. */
export function keysOf({ inputs }: Use, row: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, row[input]]));
}

/** The source whose records can serve as examples for a service, and the field for each input that has one. */
export function exampleOf(
  { uses, inputs }: Service,
  catalog: readonly CatalogEntry[],
): { readonly source: string; readonly fields: Readonly<Record<string, string>> } | null {
  const fields: Record<string, string> = {};
  let source: string | null = null;
  for (const use of uses) {
    const view = catalog.find(({ kind, name }) => kind === "aggregateView" && name === use.view)?.definition;
    if (view === undefined) continue;
    source ??= view["source"] as string;
    if (view["source"] !== source) continue;
    const keys = view["keys"] as Readonly<Record<string, string>>;
    for (const [key, input] of Object.entries(use.inputs)) fields[input] ??= keys[key];
  }
  if (source === null) return null;
  const known = catalog.find(({ kind, name }) => kind === "source" && name === source)?.definition["fields"] as Fields;
  for (const input of Object.keys(inputs)) if (fields[input] === undefined && input in known) fields[input] = input;
  return { source, fields };
}
