import type { Imported, ImportedEntity, ImportedService, ImportedUse, ImportedView } from "./model.ts";
import { definitionName, fieldName, Names } from "./names.ts";
import type { FeastEntity, FeastProjection, FeastRegistry, FeastService, FeastView } from "./registry.ts";
import { SourceDraft } from "./source-draft.ts";
import { kindOf } from "./value-types.ts";
import { ttlOf, windowOf } from "./ttl.ts";
import { Warnings } from "./warnings.ts";
import { aboutOf, pairsOf, some, specs } from "./messages.ts";

const PUSH_SOURCE = 9;
/** What Feast calls the entity of a view that has none. */
const DUMMY = "__dummy";

/** Turns a Feast registry into definitions, and tells what is not taken over as it is. */
export function translate(registry: FeastRegistry): { readonly imported: Imported; readonly warnings: Warnings } {
  const warnings = new Warnings();
  const translation = new Translation(registry, warnings);
  return { imported: translation.run(), warnings };
}

class Translation {
  private readonly registry: FeastRegistry;
  private readonly warnings: Warnings;
  private readonly names: Names;
  private readonly entities = new Map<string, ImportedEntity>();
  private readonly drafts = new Map<string, SourceDraft>();
  private readonly views = new Map<string, ImportedView>();

  constructor(registry: FeastRegistry, warnings: Warnings) {
    this.registry = registry;
    this.warnings = warnings;
    this.names = new Names(warnings);
  }

  run(): Imported {
    const { registry, warnings, names } = this;
    for (const { name = "" } of specs(registry.streamViews)) warnings.add("FEAST_STREAM_VIEW", name);
    for (const { name = "" } of specs(registry.labelViews)) warnings.add("FEAST_LABEL_VIEW", name);
    for (const { name = "" } of specs(registry.onDemandViews)) warnings.add("FEAST_ON_DEMAND", name);
    const views = specs(registry.views).filter((view) => this.isPlain(view));
    // Clients ask for views, services and push sources by name: these come first.
    const viewNames = new Map(views.map(({ name = "" }) => [name, names.allot(name, "view", true)]));
    const serviceNames = new Map(
      specs(registry.services).map(({ name = "" }) => [name, names.allot(name, "service", true)]),
    );
    for (const pushed of [true, false]) for (const view of views) if (isStreamed(view) === pushed) this.draftOf(view);
    for (const view of views) this.addView(view, viewNames.get(view.name ?? "")!);
    const services = specs(registry.services).flatMap((service) =>
      this.serviceOf(service, serviceNames.get(service.name ?? "")!),
    );
    const used = [...this.views.values()];
    return {
      entities: [...this.entities.values()].filter((entity) => used.some((view) => view.entity === entity)),
      sources: [...this.drafts.values()]
        .map((draft) => draft.source)
        .filter((one) => used.some((v) => v.source === one)),
      views: used,
      services,
      onDemandViews: specs(registry.onDemandViews).map(({ name = "", transformation }) => ({
        name,
        code: transformation?.python?.text ?? "",
      })),
    };
  }

  private isPlain(view: FeastView): boolean {
    const { name = "", entities = [], transformation, sourceViews = [], batchSource, streamSource } = view;
    if (transformation !== undefined || sourceViews.length > 0 || (batchSource ?? streamSource) === undefined)
      this.warnings.add("FEAST_TRANSFORMATION", name);
    else if (entities.length === 0 || entities.includes(DUMMY)) this.warnings.add("FEAST_ENTITYLESS", name);
    else return true;
    return false;
  }

  /** The source of a view: that of its stream where it has one, else that of its files. */
  private draftOf(view: FeastView): SourceDraft {
    const { batchSource, streamSource } = view;
    const feast = streamSource ?? batchSource!;
    const { name = "" } = feast;
    let draft = this.drafts.get(name);
    if (draft === undefined) {
      const streamed = streamSource !== undefined;
      const data = batchSource ?? streamSource?.batchSource ?? feast;
      if (streamed && feast.type !== PUSH_SOURCE) this.warnings.add("FEAST_STREAM", name);
      const plain = name.includes("/") || name.includes(".") ? name.replace(/^.*\//, "").replace(/\..*$/, "") : name;
      draft = new SourceDraft(this.names.allot(plain, "source", streamed), data, this.warnings);
      this.drafts.set(name, draft);
    }
    return draft;
  }

  private addView(view: FeastView, name: string): void {
    const { warnings } = this;
    const feast = view.name ?? "";
    const draft = this.draftOf(view);
    const entity = this.entityOf(view);
    if (entity === null) return;
    for (const [key, kind] of entity.keys) draft.field(key, kind, false);
    const pushed = isStreamed(view);
    const features = new Map<string, { name: string; field: string; kind: ReturnType<typeof kindOf> & string }>();
    for (const { name: feature = "", valueType } of some(view.features)) {
      const kind = kindOf(valueType);
      const field = kind === null ? null : draft.field(feature, kind, true);
      if (kind === null || field === null) {
        warnings.add("FEAST_TYPE", feast, `feature ${feature}`);
        continue;
      }
      const name = pushed ? `${definitionName(field)}_latest` : field;
      if ([...features.values()].some((one) => one.name === name)) {
        warnings.add("FEAST_TYPE", feast, `feature ${feature}, which would be called as another one`);
        continue;
      }
      if (field !== feature) warnings.add("FEAST_RENAMED", feast, `feature ${feature} is ${field} here`);
      features.set(feature, { name, field, kind });
    }
    if (features.size === 0) return;
    const ttl = ttlOf(view);
    if (pushed) warnings.add("FEAST_NULLS", feast);
    if (pushed && ttl > 0) warnings.add("FEAST_TTL", feast);
    const source = draft.source;
    const window = windowOf(ttl);
    this.views.set(feast, { name, source, entity, ttl, features, pushed, window, ...aboutOf(view) });
  }

  /** The entity of a view, of all its keys; null where a key is of no type that there is. */
  private entityOf(view: FeastView): ImportedEntity | null {
    const feast = some(view.entities).map(
      (name): FeastEntity => specs(this.registry.entities).find((entity) => entity.name === name) ?? { name },
    );
    const keys = new Map<string, NonNullable<ReturnType<typeof kindOf>>>();
    for (const { name = "", joinKey = name, valueType } of feast) {
      const column = some(view.entityColumns).find((one) => one.name === joinKey);
      const kind = kindOf(column?.valueType ?? valueType ?? 2);
      const key = fieldName(joinKey);
      if (kind === null) {
        this.warnings.add("FEAST_TYPE", view.name ?? "", `key ${joinKey}; the view is left out`);
        return null;
      }
      if (key !== joinKey) this.warnings.add("FEAST_RENAMED", view.name ?? "", `key ${joinKey} is ${key} here`);
      keys.set(key, kind);
    }
    const id = JSON.stringify([...keys]);
    let entity = this.entities.get(id);
    if (entity === undefined) {
      const name = this.names.allot(feast.map((one) => one.name ?? "").join("_"), "entity", false);
      const about = feast.length === 1 ? aboutOf(feast[0]) : aboutOf({});
      entity = { name, keys, ...about };
      this.entities.set(id, entity);
    }
    return entity;
  }

  private serviceOf(service: FeastService, name: string): ImportedService[] {
    const missing: string[] = [];
    const uses = some(service.projections).flatMap((projection) => this.useOf(projection, missing));
    if (missing.length > 0) this.warnings.add("FEAST_SERVICE", service.name ?? "", missing.join(", "));
    return uses.length === 0 ? [] : [{ name, uses, ...aboutOf(service) }];
  }

  private useOf({ view: name = "", alias, joinKeys, features }: FeastProjection, missing: string[]): ImportedUse[] {
    const view = this.views.get(name);
    if (view === undefined) {
      missing.push(name);
      return [];
    }
    const chosen = some(features).flatMap(({ name: feature = "" }) => {
      const found = view.features.get(feature);
      if (found === undefined) missing.push(`${name}:${feature}`);
      return found === undefined ? [] : [found.name];
    });
    if (chosen.length === 0) return [];
    const all = [...view.features.values()].map((one) => one.name);
    const isAll = chosen.length === all.length && chosen.every((one, i) => one === all[i]);
    const given = alias === undefined || alias === "" || alias === name ? null : alias;
    const plain = given === null ? null : definitionName(given);
    if (given !== null && plain !== given)
      this.warnings.add("FEAST_RENAMED", name, `the view as ${given} is ${plain} here`);
    const inputs = new Map(pairsOf(joinKeys).map(([key, input]) => [fieldName(key), fieldName(input)]));
    return [{ view, alias: plain, inputs, features: isAll ? null : chosen }];
  }
}

const isStreamed = ({ streamSource }: FeastView): boolean => streamSource !== undefined;
