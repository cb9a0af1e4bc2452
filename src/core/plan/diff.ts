import type { PlannedChange } from "../result/plan.ts";

/** A definition as it is compared: its kind, name, fingerprint and data. */
export interface Comparable {
  readonly kind: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly data: unknown;
}

/** A difference, of which it is not known yet what it costs and whether it can be. */
export type Difference = Omit<PlannedChange, "cost" | "notes" | "refused">;

/** What differs between what is applied and what is wanted, by name; unchanged definitions are listed too. */
export function diffDefinitions(applied: readonly Comparable[], wanted: readonly Comparable[]): Difference[] {
  const before = new Map(applied.map((definition) => [definition.name, definition]));
  const changes = wanted.map((next): Difference => {
    const { kind, name, fingerprint } = next;
    const last = before.get(name);
    before.delete(name);
    if (last === undefined) return { change: "created", kind, name, fingerprint, differences: [] };
    const differences = last.kind === kind ? differencesOf(last.data, next.data) : [`kind: ${last.kind} → ${kind}`];
    // A definition also changes where only what it rests on has changed.
    const change = last.fingerprint === fingerprint ? "unchanged" : "changed";
    return { change, kind, name, fingerprint, differences: change === "unchanged" ? [] : differences };
  });
  const removed = [...before.values()].map(({ kind, name, fingerprint }): Difference => ({
    change: "removed",
    kind,
    name,
    fingerprint,
    differences: [],
  }));
  return [...changes, ...removed];
}

/** Paths at which two pieces of plain data differ, with both values. Lists of named things are compared by name. */
export function differencesOf(before: unknown, after: unknown, path = ""): string[] {
  if (isObject(before) && isObject(after)) {
    const a = byName(before);
    const b = byName(after);
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      differencesOf(a[key], b[key], path === "" ? key : `${path}.${key}`),
    );
  }
  if (before === after || JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [`${path} added`];
  if (after === undefined) return [`${path} removed`];
  return [`${path}: ${brief(before)} → ${brief(after)}`];
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}

function byName(data: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(data)) return data;
  const entries = (data as unknown[]).map((item, i): [string, unknown] => [
    isObject(item) && typeof item.name === "string"
      ? item.name
      : isObject(item) && typeof item.alias === "string"
        ? item.alias
        : String(i),
    item,
  ]);
  return Object.fromEntries(entries);
}

function brief(data: unknown): string {
  const text = JSON.stringify(data);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
