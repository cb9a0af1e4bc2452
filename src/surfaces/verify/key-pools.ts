import type { Catalog } from "../../core/definition/catalog.ts";
import type { ServiceDefinition } from "../../core/definition/data.ts";
import type { Kind, Value } from "../../core/schema/data-type.ts";

/** The values that keys take: those of records, the first being hot, and those that only requests ask about. */
export interface KeyPool {
  readonly known: readonly Exclude<Value, null>[];
  readonly unknown: readonly Exclude<Value, null>[];
}

const pools: Readonly<Record<Kind, KeyPool>> = {
  string: { known: ["hot", "warm", "cold", "colder", "é", "'\"\\", "\u{1F6EB}", "k8"], unknown: ["nobody", "HOT"] },
  boolean: { known: [true, false], unknown: [true] },
  int32: { known: [1, 2, 3, -7, 0, 2147483647, -2147483648], unknown: [4, -1] },
  int64: { known: [1n, 2n, -7n, 0n, 2n ** 53n + 1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)], unknown: [3n] },
  float64: { known: [1, 0.1, -2.5, 0, 1e300], unknown: [2] },
  timestamp: { known: [0, -1, 993_340_800_000_000, 993_340_800_000_001], unknown: [1] },
};

/** Which fields and inputs stand for keys: all that stand for one key draw from the same values. */
export class KeyPools {
  private readonly fields = new Map<string, KeyPool>();
  private readonly catalog: Catalog;

  constructor(catalog: Catalog) {
    this.catalog = catalog;
    for (const view of catalog.views.values()) {
      if (view.kind === "onDemandView") continue;
      const { keys } = catalog.entities.get(view.entity)!;
      for (const [key, { kind }] of Object.entries(keys)) {
        if (view.kind === "aggregateView") this.fields.set(`${view.source} ${view.keys[key]}`, pools[kind]);
        else
          for (const source of view.reads) {
            const field = catalog.sources.get(source)!.fields[key];
            if (field?.kind === kind) this.fields.set(`${source} ${key}`, pools[kind]);
          }
      }
    }
  }

  ofField(source: string, field: string): KeyPool | null {
    return this.fields.get(`${source} ${field}`) ?? null;
  }

  /** Null for an input that is no key. */
  ofInput(service: ServiceDefinition, input: string): KeyPool | null {
    for (const use of service.uses) {
      if (this.catalog.views.get(use.view)!.kind === "onDemandView") continue;
      if (Object.values(use.inputs).includes(input)) return pools[service.inputs[input].kind];
    }
    return null;
  }
}
