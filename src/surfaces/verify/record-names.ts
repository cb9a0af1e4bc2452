import type { SourceDefinition } from "../../core/definition/data.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import type { Random } from "./random.ts";
import { timeFields } from "./record-times.ts";

/** Gives the records of a source with an `id` names of their own, and remembers the records by them. */
export class RecordNames {
  private readonly source: SourceDefinition;
  private readonly id: readonly string[];
  /** A field of the id that can be numbered; null where the id is made of what decides a record's times. */
  private readonly numbered: string | null;
  private readonly rows = new Map<string, Row>();
  /** Names, in the order in which they came. */
  private readonly names: string[] = [];

  constructor(source: SourceDefinition, id: readonly string[]) {
    this.source = source;
    this.id = id;
    const decisive = timeFields(source);
    const countable = id.filter((name) => !decisive.has(name) && source.fields[name].kind !== "boolean");
    this.numbered = countable.at(-1) ?? null;
  }

  /** A record with a name that no other one has; null where it cannot have one. */
  name(row: Row): Row | null {
    const { numbered, source } = this;
    const named =
      numbered === null ? row : { ...row, [numbered]: numberAs(source.fields[numbered].kind, this.names.length + 1) };
    const text = this.text(named);
    if (this.rows.has(text)) return null;
    this.rows.set(text, named);
    this.names.push(text);
    return named;
  }

  /** A record that was made before; recent ones more often. */
  any(random: Random): Row | null {
    if (this.names.length === 0) return null;
    const { length } = this.names;
    const at = random.chance(0.5) ? random.whole(0, length - 1) : random.whole(Math.max(0, length - 20), length - 1);
    return this.rows.get(this.names[at])!;
  }

  /** The id of a record. */
  idOf(row: Row): Row {
    return Object.fromEntries(this.id.map((name) => [name, row[name]]));
  }

  /** Another record under the name of one that was made before, which it replaces here. */
  renamed(row: Row, other: Row): Row {
    const renamed = { ...other, ...this.idOf(row) };
    this.rows.set(this.text(row), renamed);
    return renamed;
  }

  text(row: Row): string {
    return this.id.map((name) => String(row[name])).join("\u0000");
  }
}

function numberAs(kind: SourceDefinition["fields"][string]["kind"], n: number): Value {
  if (kind === "string") return `r${n}`;
  return kind === "int64" ? BigInt(n) : n;
}
