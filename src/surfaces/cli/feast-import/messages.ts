import type { About } from "./model.ts";

/** A repeated field: absent is none. */
export const some = <T>(values: readonly T[] | undefined): readonly T[] => values ?? [];

/** What objects of the registry say of themselves, by name: the order of the registry is none. */
export const specs = <T extends { readonly name?: string }>(
  objects: readonly { readonly spec?: T }[] | undefined,
): T[] =>
  some(objects)
    .flatMap(({ spec }) => (spec === undefined ? [] : [spec]))
    .sort((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1));

type Pairs = readonly { readonly key?: string; readonly value?: string }[] | undefined;

/** A map, in the order of its keys: that of the bytes is none. */
export const pairsOf = (pairs: Pairs): (readonly [string, string])[] =>
  some(pairs)
    .map(({ key = "", value = "" }) => [key, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

export function aboutOf(of: { readonly description?: string; readonly owner?: string; readonly tags?: Pairs }): About {
  return {
    description: of.description === undefined || of.description === "" ? null : of.description,
    owner: of.owner === undefined || of.owner === "" ? null : of.owner,
    tags: pairsOf(of.tags).map(([key, value]) => (value === "" ? key : `${key}=${value}`)),
  };
}
