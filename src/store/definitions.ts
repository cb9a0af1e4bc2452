import { trailStream } from "../core/access/trail.ts";
import {
  type Catalog,
  fingerprintOf,
  modelNamed,
  serviceNamed,
  sourceNamed,
  viewNamed,
} from "../core/definition/catalog.ts";
import type {
  AggregateViewDefinition,
  BatchViewDefinition,
  Definition,
  ViewDefinition,
} from "../core/definition/data.ts";
import { batchStream, servedStream, sourceStream, type Stream } from "../core/definition/stream.ts";
import { AsofError } from "../core/errors.ts";
import type { CatalogEntry } from "../core/result/status.ts";
import type { Clock } from "../ports/clock.ts";
import type { MaterializableView } from "../stages/online/materializable-view.ts";
import type { Registry } from "../stages/registry/registry.ts";

/** How long a source is taken to be applied, in seconds: other processes may apply other definitions. */
const APPLIED_SECONDS = 1;

/** The store's definitions by name, and which of them are applied. */
export class Definitions {
  readonly catalog: Catalog;
  private readonly registry: Registry;
  private readonly clock: Clock;
  private readonly taking = new Map<string, { readonly applied: Promise<void>; until: number }>();

  constructor(catalog: Catalog, registry: Registry, clock: Clock) {
    this.catalog = catalog;
    this.registry = registry;
    this.clock = clock;
  }

  /** @throws ASOF_UNKNOWN_SOURCE, ASOF_UNKNOWN_SERVICE, ASOF_UNKNOWN_MODEL, ASOF_UNKNOWN_VIEW, ASOF_NOT_FOUND */
  named(kind: Definition["kind"], name: string): Definition {
    switch (kind) {
      case "source":
        return sourceNamed(this.catalog, name);
      case "service":
        return serviceNamed(this.catalog, name);
      case "model":
        return modelNamed(this.catalog, name);
      case "entity": {
        const entity = this.catalog.entities.get(name);
        if (entity !== undefined) return entity;
        throw new AsofError("ASOF_NOT_FOUND", `there is no entity ${JSON.stringify(name)}`, { name });
      }
      default:
        return viewNamed(this.catalog, name);
    }
  }

  async entries(): Promise<CatalogEntry[]> {
    const applied = await this.registry.appliedNames();
    return this.catalog.all.map((definition) => ({
      kind: definition.kind,
      name: definition.name,
      fingerprint: fingerprintOf(this.catalog, definition),
      applied: applied.has(definition.name),
      description: definition.description ?? null,
      definition: { ...definition },
    }));
  }

  /** @throws ASOF_NOT_APPLIED */
  async mustBeApplied(name: string): Promise<void> {
    if ((await this.registry.appliedNames()).has(name)) return;
    throw new AsofError("ASOF_NOT_APPLIED", `${name} is not applied as it is defined now`, { name });
  }

  /**
   * As `mustBeApplied`, for the way of single records: looked up once in a while. Those who ask go on in their order.
   * @throws ASOF_NOT_APPLIED
   */
  mustTakeRecords(source: string): Promise<void> {
    const present = this.taking.get(source);
    if (present !== undefined && this.clock.elapsed() < present.until) return present.applied;
    const looked = { applied: this.mustBeApplied(source), until: Infinity };
    this.taking.set(source, looked);
    looked.applied.then(
      () => (looked.until = this.clock.elapsed() + APPLIED_SECONDS),
      () => this.taking.delete(source),
    );
    return looked.applied;
  }

  /** Whether `mustTakeRecords` is known not to throw. */
  takesRecords(source: string): boolean {
    const present = this.taking.get(source);
    return present !== undefined && present.until !== Infinity && this.clock.elapsed() < present.until;
  }

  batchViews(names: readonly string[] | undefined): BatchViewDefinition[] {
    return this.viewsOf(names, (view): view is BatchViewDefinition => view.kind === "batchView", "batch view");
  }

  /** The views that can be online: all but those computed on demand. */
  storedViews(names: readonly string[] | undefined): (AggregateViewDefinition | BatchViewDefinition)[] {
    return this.viewsOf(names, isStored, "view that is kept online");
  }

  /** The views that the online store may hold: those applied as they are defined. */
  async appliedViews(): Promise<MaterializableView[]> {
    const applied = await this.registry.appliedNames();
    return this.storedViews(undefined).flatMap((view) =>
      applied.has(view.name) ? [materializable(this.catalog, view)] : [],
    );
  }

  /**
   * The views that are kept up to date online: those that are applied, be it as they were defined before. What is
   * defined otherwise now, and may be only looked at, takes their place when it is applied.
   */
  async followedViews(): Promise<MaterializableView[]> {
    const mine = await this.appliedViews();
    const { catalog, fingerprints } = await this.registry.applied();
    const before = [...catalog.views.values()]
      .filter(isStored)
      .map((view) => materializable(catalog, view))
      .filter(({ fingerprint }) => fingerprints.has(fingerprint));
    return [...mine, ...before.filter((one) => !mine.some(({ fingerprint }) => fingerprint === one.fingerprint))];
  }

  /** The aggregate views over a source. */
  viewsOver(source: string): AggregateViewDefinition[] {
    return this.storedViews(undefined).filter(
      (view): view is AggregateViewDefinition => view.kind === "aggregateView" && view.source === source,
    );
  }

  batchStream(view: BatchViewDefinition): Stream {
    return batchStream(this.catalog, view, fingerprintOf(this.catalog, view));
  }

  /** The streams whose records may come to be in the log. */
  loggedStreams(): Stream[] {
    const { sources, models } = this.catalog;
    return [
      ...[...sources.values()].map(sourceStream),
      ...[...models.values()].map((model) => servedStream(this.catalog, model)),
      trailStream,
    ];
  }

  private viewsOf<V extends ViewDefinition>(
    names: readonly string[] | undefined,
    is: (view: ViewDefinition) => view is V,
    what: string,
  ): V[] {
    if (names === undefined || names.length === 0) return [...this.catalog.views.values()].filter(is);
    return names.map((name) => {
      const view = viewNamed(this.catalog, name);
      if (is(view)) return view;
      throw new AsofError("ASOF_UNKNOWN_VIEW", `${name} is no ${what}: it is a ${view.kind}`, {
        name,
        kind: view.kind,
      });
    });
  }
}

function isStored(view: ViewDefinition): view is AggregateViewDefinition | BatchViewDefinition {
  return view.kind === "aggregateView" || view.kind === "batchView";
}

function materializable(catalog: Catalog, view: AggregateViewDefinition | BatchViewDefinition): MaterializableView {
  const common = { fingerprint: fingerprintOf(catalog, view), keys: catalog.entities.get(view.entity)!.keys };
  if (view.kind === "batchView")
    return { ...common, view, stream: batchStream(catalog, view, common.fingerprint).name };
  return { ...common, view, source: sourceStream(sourceNamed(catalog, view.source)), stream: view.source };
}
