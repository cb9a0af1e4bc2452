/** What a request may be for. `admin` includes all others. */
export const scopes = ["read", "predict", "ingest", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** What a grant may be narrowed to, by the names of definitions. */
export const narrowableKinds = ["source", "service", "model"] as const;
export type NarrowableKind = (typeof narrowableKinds)[number];

/** Names by kind. */
export type Reach = Readonly<Partial<Record<NarrowableKind, readonly string[]>>>;

/** What whoever presents a credential may do. */
export interface Grant {
  readonly scopes: readonly Scope[];
  /** Nothing but what is named here, and no route that names nothing; null for everything. */
  readonly only: Reach | null;
}

export function isScope(value: unknown): value is Scope {
  return scopes.some((scope) => scope === value);
}

export function hasScope({ scopes: held }: Grant, scope: Scope): boolean {
  return held.includes(scope) || held.includes("admin");
}

/** Whether a grant reaches a definition; with `kind` null, what concerns no single one. */
export function reaches({ only }: Grant, kind: NarrowableKind | null, name: string): boolean {
  return only === null || (kind !== null && only[kind]?.includes(name) === true);
}

/** Why a grant makes no sense, or null. */
export function grantFault({ scopes: held, only }: Grant): string | null {
  if (held.length === 0) return `give at least one scope: ${scopes.join(", ")}`;
  const unknown = held.find((scope) => !isScope(scope));
  if (unknown !== undefined) return `there is no scope ${JSON.stringify(unknown)}: there are ${scopes.join(", ")}`;
  if (only === null) return null;
  if (held.includes("admin")) return "what administers the store concerns all of it: admin cannot be narrowed";
  const reachable = { read: ["service", "model"], predict: ["model"], ingest: ["source"], admin: [] } as const;
  for (const scope of held) {
    const kinds: readonly NarrowableKind[] = reachable[scope];
    if (!kinds.some((kind) => (only[kind]?.length ?? 0) > 0))
      return `with scope ${scope} it would reach nothing: name a ${kinds.join(" or a ")}, or do not narrow it`;
  }
  const kinds = narrowableKinds.filter((kind) => (only[kind]?.length ?? 0) > 0);
  const idle = kinds.find((kind) => !held.some((scope) => (reachable[scope] as readonly string[]).includes(kind)));
  return idle === undefined ? null : `its scopes (${held.join(", ")}) have no use for a ${idle}`;
}
