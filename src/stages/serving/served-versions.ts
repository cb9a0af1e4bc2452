import { AsofError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ModelVersion, RegistryStore } from "../../ports/registry-store.ts";
import type { LoadedModel } from "../../ports/trainer.ts";
import { HeldModel } from "./held-model.ts";

/** How long the versions that serve are taken for granted, in seconds: other processes may promote others. */
const SERVING_SECONDS = 1;

/** A shadow: it may be loading still, or be one that cannot be loaded. */
export interface ShadowModel {
  readonly version: number;
  readonly model: Promise<HeldModel>;
}

/** The versions of a model that serve. Those that answer are held until `release`. */
export interface Serving {
  readonly current: HeldModel;
  readonly canary: { readonly model: HeldModel; readonly share: number } | null;
  readonly shadow: ShadowModel | null;
}

/** Keeps the versions of one model that serve loaded. */
export class ServedVersions {
  private readonly model: string;
  private readonly registry: RegistryStore;
  private readonly clock: Clock;
  private readonly load: (version: ModelVersion) => Promise<LoadedModel>;
  private readonly loaded = new Map<number, Promise<HeldModel>>();
  private serving: Serving | null = null;
  private until = -Infinity;
  private looking: Promise<Serving> | null = null;

  constructor(
    model: string,
    parts: {
      readonly registry: RegistryStore;
      readonly clock: Clock;
      readonly load: (version: ModelVersion) => Promise<LoadedModel>;
    },
  ) {
    this.model = model;
    this.registry = parts.registry;
    this.clock = parts.clock;
    this.load = parts.load;
  }

  /** The versions that serve, held. @throws ASOF_NO_MODEL; what loading one that answers fails with */
  hold(): Serving | Promise<Serving> {
    const { serving } = this;
    return serving !== null && this.clock.elapsed() < this.until && holds(serving) ? serving : this.holdPatiently();
  }

  release({ current, canary }: Serving): void {
    current.release();
    canary?.model.release();
  }

  /** Looks again at which versions serve, at the next prediction. */
  forget(): void {
    this.until = -Infinity;
    // One that is under way may have seen what was before.
    this.looking = null;
  }

  close(): void {
    this.serving = null;
    this.forget();
    this.retireAllBut([]);
  }

  private async holdPatiently(): Promise<Serving> {
    for (;;) {
      const serving = await (this.looking ??= this.look());
      // It may have been replaced between two turns.
      if (holds(serving)) return serving;
      this.forget();
    }
  }

  private look(): Promise<Serving> {
    const looking = this.find();
    void this.installLast(looking);
    return looking;
  }

  /** Installs what a look finds, unless another one has begun meanwhile. */
  private async installLast(looking: Promise<Serving>): Promise<void> {
    const serving = await looking.catch(() => null);
    if (this.looking !== looking) return;
    this.looking = null;
    if (serving !== null) this.install(serving);
  }

  private async find(): Promise<Serving> {
    const { model } = this;
    const { current, canary, shadow } = await this.registry.serving(model);
    if (current === null) throw new AsofError("ASOF_NO_MODEL", `no version of model ${model} is promoted`, { model });
    return {
      current: await this.loadOnce(current),
      canary: canary === null ? null : { model: await this.loadOnce(canary.version), share: canary.share },
      // Nobody waits for a shadow, nor hears of it that it fails.
      shadow: shadow === null ? null : { version: shadow.version, model: this.loadOnce(shadow) },
    };
  }

  private install(serving: Serving): void {
    const { current, canary, shadow } = serving;
    this.serving = serving;
    this.until = this.clock.elapsed() + SERVING_SECONDS;
    this.retireAllBut([current.version, canary?.model.version, shadow?.version]);
  }

  private loadOnce(version: ModelVersion): Promise<HeldModel> {
    let loading = this.loaded.get(version.version);
    if (loading === undefined) {
      loading = this.load(version).then((loaded) => new HeldModel(version.version, loaded));
      this.loaded.set(version.version, loading);
      // What cannot be loaded now may be the next time.
      const own = loading;
      own.catch(() => {
        if (this.loaded.get(version.version) === own) this.loaded.delete(version.version);
      });
    }
    return loading;
  }

  private retireAllBut(kept: readonly (number | undefined)[]): void {
    for (const [version, loading] of this.loaded) {
      if (kept.includes(version)) continue;
      this.loaded.delete(version);
      loading.then(
        (model) => model.retire(),
        () => {},
      );
    }
  }
}

/** Holds the versions that answer, all or none. */
function holds({ current, canary }: Serving): boolean {
  if (!current.hold()) return false;
  if (canary === null || canary.model.hold()) return true;
  current.release();
  return false;
}
