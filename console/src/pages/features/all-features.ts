import type { CatalogEntry, FieldType } from "../../api/answers.ts";

/** A feature of a view, with what people search for. */
export interface Feature {
  readonly name: string;
  readonly type: FieldType;
  readonly words: string;
  readonly view: CatalogEntry;
  readonly entity: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  /** Everything that a search looks at, in lower case. */
  readonly text: string;
}

export const kindNames: Readonly<Record<string, string>> = {
  aggregateView: "real-time",
  batchView: "batch",
  onDemandView: "at request",
};

export function featuresOf(catalog: readonly CatalogEntry[]): readonly Feature[] {
  return catalog.flatMap((view) =>
    (view.features ?? []).map(({ name, type, words }): Feature => {
      const { entity, owner, tags } = view.definition as {
        readonly entity?: string;
        readonly owner?: string;
        readonly tags?: readonly string[];
      };
      const said = words ?? (view.kind === "batchView" ? "a column of the view’s query" : "computed at the request");
      return {
        name,
        type,
        words: said,
        view,
        entity: entity ?? null,
        owner: owner ?? null,
        tags: tags ?? [],
        text: [view.name, name, said, entity, owner, ...(tags ?? []), view.description, kindNames[view.kind]]
          .join(" ")
          .toLowerCase(),
      };
    }),
  );
}

export function typeText(type: FieldType): string {
  const { kind, nullable } = type;
  return `${kind}${"of" in type ? ` of ${typeText(type.of)}` : ""}${nullable ? ", may be null" : ""}`;
}
