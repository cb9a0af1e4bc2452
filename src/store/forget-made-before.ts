import type { ForgettingKey } from "../core/codec/forgotten-keys.ts";
import type { ForgetOutcome } from "../core/result/forget.ts";
import type { StoreParts } from "./store-parts.ts";

/** What has records fewer. */
export type Changed = Pick<ForgettingKey, "records" | "sources">;

/** Runs that read what is erased now, and gave something that is not the store's to change. */
export async function runsMadeBefore(
  { catalog, registry }: Pick<StoreParts, "catalog" | "registry">,
  changed: Changed,
): Promise<ForgetOutcome["madeBefore"]> {
  const views = new Set(
    [...catalog.views.values()].flatMap((view) =>
      (view.kind === "aggregateView" && changed.sources.includes(view.source)) ||
      (view.kind === "batchView" &&
        (view.reads.some((name) => changed.sources.includes(name)) ||
          Object.keys(changed.records).some((stream) => stream.startsWith(`${view.name}.`))))
        ? [view.name]
        : [],
    ),
  );
  const services = new Set(
    [...catalog.services.values()].flatMap(({ name, uses }) =>
      uses.some(({ view }) => views.has(view)) ? [name] : [],
    ),
  );
  const isOf = (kind: string, target: string): boolean => {
    if (kind === "dataset") return services.has(target);
    const model = catalog.models.get(target);
    return (
      kind === "train" &&
      model !== undefined &&
      (services.has(model.service) || changed.sources.includes(model.examples.source))
    );
  };
  return (await registry.runs()).flatMap(({ id, kind, target, startedAt, state }) =>
    state === "succeeded" && isOf(kind, target)
      ? [{ run: id, kind: kind as "dataset" | "train", target, at: startedAt }]
      : [],
  );
}
