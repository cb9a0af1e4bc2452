import type { Row } from "../schema/data-type.ts";
import type { LoadedRecord } from "./key-history.ts";

/** All that was said of one id, in its order. */
interface Named {
  /** Every version that came, whatever became of it. */
  readonly versions: LoadedRecord[];
  /** From when on the record is withdrawn that has yet to come. */
  waiting: number | null;
}

/**
 * The records of a source with an `id`, as the contract has them: each counts once, a retraction withdraws what counts
 * or waits for what comes, a correction is a retraction and a record. A withdrawal is noted in the record itself.
 */
export class IdentityHistory {
  private readonly id: readonly string[];
  private readonly fields: readonly string[];
  private readonly named = new Map<string, Named>();

  constructor(source: { readonly id: readonly string[]; readonly fields: Readonly<Record<string, unknown>> }) {
    this.id = source.id;
    this.fields = Object.keys(source.fields);
  }

  /** Whether rows, taken one after the other, have one that is known by its id with other content. */
  conflict(rows: readonly Row[]): boolean {
    const here = new Map<string, Row[]>();
    return rows.some((row) => {
      const text = this.text(row);
      const { versions, waiting } = this.of(row);
      const known = [...versions.map((version) => version.row), ...(here.get(text) ?? [])];
      if (known.some((one) => this.isSame(one, row))) return false;
      // Of those that were here one may have met the retraction that waited.
      const isAwaited = waiting !== null && !here.has(text);
      here.set(text, [...(here.get(text) ?? []), row]);
      return known.length > 0 && !isAwaited;
    });
  }

  /** Takes a record in; whether it is a new one. It may be withdrawn from the beginning. */
  insert(record: LoadedRecord): boolean {
    const named = this.of(record.row);
    if (named.versions.some(({ row }) => this.isSame(row, record.row))) return false;
    if (named.waiting !== null) record.withdrawn = named.waiting;
    named.waiting = null;
    named.versions.push(record);
    return true;
  }

  /** What a retraction would do. */
  retraction(id: Row): "withdraws" | "waits" | "nothing" {
    const { versions, waiting } = this.of(id);
    if (liveOf(versions) !== undefined) return "withdraws";
    return versions.length === 0 && waiting === null ? "waits" : "nothing";
  }

  retract(id: Row, known: number): void {
    const named = this.of(id);
    const live = liveOf(named.versions);
    if (live !== undefined) live.withdrawn = known;
    else if (this.retraction(id) === "waits") named.waiting = known;
  }

  /** Whether a correction says what counts already. */
  isCorrect(row: Row): boolean {
    const live = liveOf(this.of(row).versions);
    return live !== undefined && this.isSame(live.row, row);
  }

  /** Takes the record of a correction in, once its retraction is. */
  replace(record: LoadedRecord): void {
    this.of(record.row).versions.push(record);
  }

  private of(row: Row): Named {
    const text = this.text(row);
    let found = this.named.get(text);
    if (found === undefined) this.named.set(text, (found = { versions: [], waiting: null }));
    return found;
  }

  private text(row: Row): string {
    return this.id.map((name) => `${typeof row[name]} ${String(row[name])}`).join("\u0000");
  }

  private isSame(a: Row, b: Row): boolean {
    return this.fields.every((name) => Object.is(a[name], b[name]));
  }
}

function liveOf(versions: readonly LoadedRecord[]): LoadedRecord | undefined {
  return versions.findLast(({ withdrawn }) => withdrawn === undefined);
}
