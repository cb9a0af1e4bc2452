import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import { isAlive, readVersionAt } from "../../core/codec/batch-rows.ts";
import type { ByteReader } from "../../core/codec/bytes.ts";
import { entityKeyEncoder, headKey } from "../../core/codec/online-keys.ts";
import { type RowCodec, rowCodec } from "../../core/codec/row-codec.ts";
import type { BatchUse } from "../../core/plan/service-plan.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { type KeptBudget, type KeptRow, KeptRows, type KeyName } from "./kept-rows.ts";
import type { RowReading, StoredUse, StoreReading } from "./stored-use.ts";

interface Compiled {
  readonly ttl: number | null;
  readonly codec: RowCodec;
  /** By feature used, where the view has it. */
  readonly places: readonly number[];
  readonly kept: KeptRows;
}

/** Compiles the use of a batch view. */
export function batchUse(use: BatchUse, budget: KeptBudget): StoredUse {
  const encode = entityKeyEncoder(use.keys);
  const codec = rowCodec(use.view.features);
  const places = Object.keys(use.features).map((name) => codec.names.indexOf(name));
  const kept = new KeptRows(budget);
  const compiled = { ttl: use.view.ttl, codec, places, kept };
  const nameOf = keyNamer(Object.keys(use.keys).map((key) => use.inputs[key]));
  return {
    use,
    covers: () => true,
    forget: () => kept.clear(),
    get kept() {
      return kept.size;
    },
    ask(row, state, guess, reading) {
      const name = nameOf(row);
      if (name === null) return new BatchReading(compiled, reading, null);
      const known = reading.keeps ? kept.get(name, guess) : null;
      if (known !== null) {
        if (known.from > reading.from) reading.from = known.from;
        if (known.until < reading.until) reading.until = known.until;
        return new KnownRow(known);
      }
      const asking = new BatchReading(compiled, reading, name);
      reading.keys.push(
        headKey(
          state,
          encode((key) => row[use.inputs[key]])!,
        ),
      );
      reading.takers.push(asking);
      return asking;
    },
  };
}

/** Names keys so that a map tells them apart; null where a value of the key is. */
function keyNamer(columns: readonly string[]): (row: Row) => KeyName | null {
  const [only] = columns;
  if (columns.length === 1) return (row) => row[only];
  return (row) => {
    let name = "";
    for (const column of columns) {
      const value = row[column];
      if (value === null) return null;
      // Told apart by their lengths.
      name += typeof value === "string" ? `${value.length}:${value}` : `${value},`;
    }
    return name;
  };
}

/** A row that is known from before. */
class KnownRow implements RowReading {
  readonly kept: KeptRow;

  constructor(kept: KeptRow) {
    this.kept = kept;
  }

  get status(): ViewStatus {
    return this.kept.status;
  }

  get eventTime(): Timestamp | null {
    return this.kept.eventTime;
  }

  get values(): readonly FeatureValue[] {
    return this.kept.values;
  }

  take(): void {
    // Nothing was asked for.
  }
}

class BatchReading implements RowReading {
  private readonly compiled: Compiled;
  private readonly reading: StoreReading;
  private readonly name: KeyName | null;
  private row: KeptRow | null = null;

  constructor(compiled: Compiled, reading: StoreReading, name: KeyName | null) {
    this.compiled = compiled;
    this.reading = reading;
    this.name = name;
  }

  take(_key: number, value: ByteReader): void {
    const { t } = this.reading;
    const { codec, ttl, places } = this.compiled;
    const { version, until } = readVersionAt(value, codec, t);
    if (version === null) return this.keep(this.absent("NOT_FOUND", null, until));
    const { event, values } = version;
    if (!isAlive(event, t, ttl)) return this.keep(this.absent("EXPIRED", event, until));
    const used = places.map((place) => values[place]);
    this.keep({
      status: "PRESENT",
      eventTime: event,
      values: used,
      nulls: used.flatMap((one, i) => (one === null ? [i] : [])),
      from: t,
      until: ttl === null ? until : Math.min(until, event + ttl + 1),
      written: null,
    });
  }

  get kept(): KeptRow {
    // Without a record there is none until the view is brought up to date.
    if (this.row === null) this.keep(this.absent("NOT_FOUND", null, Infinity));
    return this.row!;
  }

  get status(): ViewStatus {
    return this.kept.status;
  }

  get eventTime(): Timestamp | null {
    return this.kept.eventTime;
  }

  get values(): readonly FeatureValue[] {
    return this.kept.values;
  }

  private absent(status: ViewStatus, eventTime: Timestamp | null, until: Timestamp): KeptRow {
    const values = this.compiled.places.map(() => null);
    return { status, eventTime, values, nulls: [...values.keys()], from: this.reading.t, until, written: null };
  }

  private keep(row: KeptRow): void {
    this.row = row;
    if (this.name !== null && this.reading.keeps) this.compiled.kept.keep(this.name, row);
  }
}
