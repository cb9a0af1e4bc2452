import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import { isAlive, readVersionAt } from "../../core/codec/batch-rows.ts";
import type { ByteReader } from "../../core/codec/bytes.ts";
import { entityKeyEncoder, headKey } from "../../core/codec/online-keys.ts";
import { type RowCodec, rowCodec } from "../../core/codec/row-codec.ts";
import type { BatchUse } from "../../core/plan/service-plan.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import type { Value } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { RowReading, StoredUse, StoreReading } from "./stored-use.ts";

interface Compiled {
  readonly ttl: number | null;
  readonly codec: RowCodec;
  /** Where the use's features begin among those of the service. */
  readonly first: number;
  /** By feature used, where the view has it. */
  readonly places: readonly number[];
}

/** Compiles the use of a batch view whose features stand from `first` on among those of the service. */
export function batchUse(use: BatchUse, first: number): StoredUse {
  const encode = entityKeyEncoder(use.keys);
  const codec = rowCodec(use.view.features);
  const places = Object.keys(use.features).map((name) => codec.names.indexOf(name));
  const compiled = { ttl: use.view.ttl, codec, first, places };
  return {
    use,
    covers: () => true,
    ask(row, state, _guess, reading) {
      const asking = new BatchReading(compiled, reading);
      const entity = encode((key) => row[use.inputs[key]]);
      if (entity !== null) {
        reading.keys.push(headKey(state, entity));
        reading.takers.push(asking);
      }
      return asking;
    },
  };
}

class BatchReading implements RowReading {
  status: ViewStatus = "NOT_FOUND";
  eventTime: Timestamp | null = null;
  private readonly compiled: Compiled;
  private readonly reading: StoreReading;
  private found: readonly Value[] | null = null;

  constructor(compiled: Compiled, reading: StoreReading) {
    this.compiled = compiled;
    this.reading = reading;
  }

  take(_key: number, value: ByteReader): void {
    const { t } = this.reading;
    const version = readVersionAt(value, this.compiled.codec, t);
    if (version === null) return;
    const alive = isAlive(version.event, t, this.compiled.ttl);
    this.status = alive ? "PRESENT" : "EXPIRED";
    this.eventTime = version.event;
    this.found = alive ? version.values : null;
  }

  put(values: FeatureValue[]): void {
    const { first, places } = this.compiled;
    const { found } = this;
    for (let i = 0; i < places.length; i++) values[first + i] = found === null ? null : found[places[i]];
  }
}
