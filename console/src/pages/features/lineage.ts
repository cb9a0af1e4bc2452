import type { CatalogEntry } from "../../api/answers.ts";
import type { Service } from "../../parts/inputs.ts";
import type { Feature } from "./all-features.ts";

export interface LineageNode {
  readonly id: string;
  readonly kind: "source" | "view" | "service" | "model";
  readonly name: string;
  readonly lane: "offline" | "online" | "both";
}

export interface Lineage {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** Where a feature comes from and what it goes into: source → view → service → model. */
export function lineageOf({ view, name }: Feature, catalog: readonly CatalogEntry[]): Lineage {
  const definition = view.definition as { readonly source?: string; readonly reads?: readonly string[] };
  const sources = definition.reads ?? (definition.source === undefined ? [] : [definition.source]);
  const services = catalog
    .filter(({ kind }) => kind === "service")
    .map((one) => one.definition as unknown as Service)
    .filter(({ uses }) => uses.some((use) => use.view === view.name && (use.features?.includes(name) ?? true)));
  const models = catalog.filter(
    ({ kind, definition }) => kind === "model" && services.some((service) => service.name === definition["service"]),
  );
  return {
    nodes: [
      ...sources.map((source): LineageNode => ({
        id: `source ${source}`,
        kind: "source",
        name: source,
        lane: "offline",
      })),
      {
        id: `view ${view.name}`,
        kind: "view",
        name: view.name,
        lane: view.kind === "batchView" ? "offline" : view.kind === "aggregateView" ? "online" : "both",
      },
      ...services.map((one): LineageNode => ({
        id: `service ${one.name}`,
        kind: "service",
        name: one.name,
        lane: "both",
      })),
      ...models.map((one): LineageNode => ({ id: `model ${one.name}`, kind: "model", name: one.name, lane: "both" })),
    ],
    edges: [
      ...sources.map((source) => ({ from: `source ${source}`, to: `view ${view.name}` })),
      ...services.map((one) => ({ from: `view ${view.name}`, to: `service ${one.name}` })),
      ...models.map((one) => ({ from: `service ${one.definition["service"] as string}`, to: `model ${one.name}` })),
    ],
  };
}
