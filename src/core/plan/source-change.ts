import type { SourceDefinition } from "../definition/data.ts";
import { canonicalJson } from "../definition/fingerprint.ts";
import { storedDefinition } from "../definition/stored-definition.ts";
import { columnsOf, type Expression } from "../expression/tree.ts";
import type { DataType } from "../schema/data-type.ts";
import { widens } from "../schema/widening.ts";

/** What a change of a source means for the records that it holds. */
export interface SourceChange {
  /** What becomes of them, field by field. */
  readonly notes: readonly string[];
  /** Fields in which they could not be read any more, and why. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** What they do not allow because they were named, or stamped, by what would change. */
  readonly fixed: readonly string[];
}

/** The sources among stored definitions. */
export function sourcesIn(
  stored: readonly { readonly kind: string; readonly name: string; readonly json: string }[],
): SourceDefinition[] {
  return stored
    .filter(({ kind }) => kind === "source")
    .map(({ name, json }) => storedDefinition(json, name) as SourceDefinition);
}

/**
 * Compares a source with what is applied of it, if anything is, `past` being all that it ever was, in any order. What
 * is not applied any more may have left records of any of its shapes. Records are never written anew: a field may
 * be added where it can be told what they have in it, widened where each value stays exactly what it is, and removed.
 * What names a record, and what its event time is taken from, stays.
 */
export function changeOfSource(
  present: readonly SourceDefinition[],
  after: SourceDefinition,
  past: readonly SourceDefinition[],
): SourceChange {
  const changes = (present.length > 0 ? present : past).map((before) => changeFrom(before, after, past));
  return {
    notes: [...new Set(changes.flatMap(({ notes }) => notes))],
    unreadable: new Map(changes.flatMap(({ unreadable }) => [...unreadable])),
    fixed: [...new Set(changes.flatMap(({ fixed }) => fixed))],
  };
}

function changeFrom(
  before: SourceDefinition,
  after: SourceDefinition,
  past: readonly SourceDefinition[],
): SourceChange {
  const notes: string[] = [];
  const unreadable = new Map<string, string>();
  const fixed: string[] = [];
  const names = [...new Set([...Object.keys(before.fields), ...Object.keys(after.fields)])];
  for (const name of names) {
    const [from, to] = [before.fields[name], after.fields[name]] as (DataType | undefined)[];
    const fallback = after.defaults?.[name];
    if (to === undefined) {
      notes.push(`${name} is removed: records keep it, and nothing reads it`);
      continue;
    }
    // A field that comes back comes back with what records have in it.
    const had = from === undefined ? past.filter(({ fields }) => Object.hasOwn(fields, name)) : [before];
    const narrow = had.find(({ fields }) => !widens(fields[name], to));
    if (narrow !== undefined)
      unreadable.set(
        name,
        `${name} is ${typeText(narrow.fields[name])} in them, which ${typeText(to)} does not hold exactly`,
      );
    else if (had.some(({ fields }) => typeText(fields[name]) !== typeText(to)))
      notes.push(`${name} is widened: what records have in it is read as ${typeText(to)}`);
    if (had.some(({ defaults }) => defaults?.[name] !== fallback))
      fixed.push(`the default of ${name} cannot be changed any more`);
    if (from !== undefined) continue;
    if (!to.nullable && fallback === undefined)
      unreadable.set(name, `${name} is not in them: make it nullable, or declare a default`);
    else
      notes.push(
        `${name} is added: ${fallback === undefined ? "null" : JSON.stringify(fallback)} in records that do not have it`,
      );
  }
  if (canonicalJson(before.id ?? null) !== canonicalJson(after.id ?? null))
    fixed.push("its id cannot be changed any more");
  for (const name of before.id ?? [])
    if (Object.hasOwn(after.fields, name) && before.fields[name].kind !== after.fields[name].kind)
      fixed.push(`${name}, which names them, cannot be of another type any more`);
  for (const what of ["eventTime", "availableAt"] as const)
    if (timeOf(before, before[what]) !== timeOf(after, after[what]))
      fixed.push(`its ${what} cannot be changed any more`);
  return { notes, unreadable, fixed };
}

/** A time with the kinds of the fields that it is computed from: int64 is computed with otherwise than int32. */
function timeOf({ fields }: SourceDefinition, time: Expression | null): string {
  if (time === null) return "";
  return canonicalJson([time, columnsOf(time).map((name) => [name, fields[name]?.kind ?? null])]);
}

function typeText({ kind, nullable, nonFinite }: DataType): string {
  return `${kind}${nonFinite === true ? " with NaN and infinities" : ""}${nullable ? " or null" : ""}`;
}
