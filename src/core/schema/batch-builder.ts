import { type Batch, type Column, emptyValues } from "./column.ts";
import type { DataType, Fields, Row, Value } from "./data-type.ts";

/** Rows that a batch begins with room for: most of what is gathered is small. */
const FEW = 1_024;
/** Different texts that a column may have for each of them to be kept once. */
const FEW_TEXTS = 4_096;

/** Gathers rows, one value after the other, as batches of columns: of the rows themselves nothing stays in memory. */
export class BatchBuilder {
  private readonly names: readonly string[];
  private readonly size: number;
  private columns: ColumnBuilder[];
  private capacity: number;
  private readonly full: Batch[] = [];
  /** Whole rows of the batch under way. */
  private begun = 0;

  /** @param size the rows of a batch, of which the last may have fewer */
  constructor(fields: Fields, size: number) {
    this.names = Object.keys(fields);
    this.size = size;
    this.capacity = Math.min(FEW, size);
    this.columns = this.names.map((name) => new ColumnBuilder(fields[name], this.capacity));
  }

  get rows(): number {
    return this.full.length * this.size + this.begun;
  }

  /** Sets a value of the row under way, by the place of its field; each field is set once. */
  set(field: number, value: Value): void {
    this.columns[field].set(this.begun, value);
  }

  /** Ends the row under way. */
  next(): void {
    if (++this.begun < this.capacity) return;
    if (this.capacity < this.size) {
      this.capacity = Math.min(2 * this.capacity, this.size);
      for (const column of this.columns) column.grow(this.capacity);
    } else {
      this.full.push(this.batch());
      this.columns = this.columns.map(({ type }) => new ColumnBuilder(type, this.capacity));
      this.begun = 0;
    }
  }

  /** Adds a row that has all fields. */
  add(row: Row): void {
    for (let field = 0; field < this.names.length; field++) this.set(field, row[this.names[field]]);
    this.next();
  }

  /** All rows so far. */
  batches(): Batch[] {
    return this.begun === 0 ? this.full : [...this.full, this.batch()];
  }

  private batch(): Batch {
    return {
      rows: this.begun,
      columns: Object.fromEntries(this.names.map((name, i) => [name, this.columns[i].column()])),
    };
  }
}

class ColumnBuilder {
  readonly type: DataType;
  private numbers: Float64Array | null = null;
  private longs: BigInt64Array | null = null;
  private texts: string[] | null = null;
  private known: Map<string, string> | null = new Map();
  private valid: Uint8Array | null = null;
  private capacity: number;

  constructor(type: DataType, capacity: number) {
    this.type = type;
    this.capacity = capacity;
    this.take(emptyValues(type, capacity));
  }

  set(row: number, value: Value): void {
    if (value === null) (this.valid ??= new Uint8Array(this.capacity).fill(1))[row] = 0;
    else if (this.numbers !== null) this.numbers[row] = Number(value);
    else if (this.texts !== null) this.texts[row] = this.shared(value as string);
    else this.longs![row] = value as bigint;
  }

  grow(capacity: number): void {
    const { numbers, longs, valid } = this;
    this.capacity = capacity;
    const grown = emptyValues(this.type, capacity);
    if (numbers !== null) (grown as Float64Array).set(numbers);
    else if (longs !== null) (grown as BigInt64Array).set(longs);
    else this.texts!.forEach((text, i) => void ((grown as string[])[i] = text));
    this.take(grown);
    if (valid === null) return;
    this.valid = new Uint8Array(capacity).fill(1);
    this.valid.set(valid);
  }

  column(): Column {
    return { type: this.type, values: (this.numbers ?? this.longs ?? this.texts)!, valid: this.valid };
  }

  /** Rows that are gathered for long would else keep a text each, of which most columns have few. */
  private shared(text: string): string {
    const { known } = this;
    if (known === null) return text;
    const same = known.get(text);
    if (same !== undefined) return same;
    if (known.size < FEW_TEXTS) known.set(text, text);
    else this.known = null;
    return text;
  }

  private take(values: Column["values"]): void {
    if (values instanceof Float64Array) this.numbers = values;
    else if (values instanceof BigInt64Array) this.longs = values;
    else this.texts = values;
  }
}
