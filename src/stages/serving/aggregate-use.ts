import { canOverflow, type FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { ByteReader } from "../../core/codec/bytes.ts";
import { blockKey, entityKeyEncoder, headKey } from "../../core/codec/online-keys.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import { blocksAt } from "../../core/tile/read-features.ts";
import { StoredReading } from "../../core/tile/stored-reading.ts";
import type { ViewLayout } from "../../core/tile/view-layout.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { RowReading, StoredUse, StoreReading } from "./stored-use.ts";

interface Compiled {
  readonly layout: ViewLayout;
  /** By feature used, where the layout has it. */
  readonly places: readonly number[];
  /** Places of the used features that can overflow. */
  readonly overflowing: readonly number[];
}

interface Block {
  readonly level: number;
  readonly block: number;
}

/** Compiles the use of an aggregate view. */
export function aggregateUse(use: AggregateUse): StoredUse {
  const { layout } = use;
  const encode = entityKeyEncoder(use.keys);
  const index = new Map(layout.features.map(({ name }, i) => [name, i]));
  const places = Object.keys(use.features).map((name) => index.get(name)!);
  const overflowing = places.filter((place) => canOverflow(layout.features[place].type));
  const compiled = { layout, places, overflowing };
  // Rows of one request share their moment.
  let last: { readonly guess: Timestamp; readonly blocks: readonly Block[] } = { guess: Number.NaN, blocks: [] };
  return {
    use,
    forget: () => {},
    kept: 0,
    covers: (guess, t) =>
      layout.levels.every(
        ({ hop }, level) => hop === null || blocksAt(layout, level, guess).until === blocksAt(layout, level, t).until,
      ),
    ask(row, state, guess, reading) {
      const entity = encode((key) => row[use.inputs[key]]);
      if (last.guess !== guess) last = { guess, blocks: blocksFor(layout, guess) };
      const { blocks } = last;
      const asking = new AggregateReading(compiled, reading, blocks);
      if (entity === null) return asking;
      reading.keys.push(headKey(state, entity));
      reading.takers.push(asking);
      for (const { level, block } of blocks) {
        reading.keys.push(blockKey(state, entity, level, block));
        reading.takers.push(asking);
      }
      return asking;
    },
  };
}

/** The blocks that may be needed at about a moment, whatever the key. */
function blocksFor(layout: ViewLayout, guess: Timestamp): readonly Block[] {
  if (!Number.isFinite(guess)) return [];
  return layout.levels.flatMap(({ hop }, level) => {
    if (hop === null) return [];
    const { from, until } = blocksAt(layout, level, guess);
    return Array.from({ length: until - from }, (_, i) => ({ level, block: from + i }));
  });
}

class AggregateReading implements RowReading {
  /** Every record may change it. */
  readonly kept = null;
  private readonly compiled: Compiled;
  private readonly reading: StoreReading;
  private readonly blocks: readonly Block[];
  /** Where its keys begin: the head, then the blocks. */
  private readonly head: number;
  private found: StoredReading | null = null;
  private read: {
    readonly values: FeatureValue[];
    readonly status: ViewStatus;
    readonly eventTime: Timestamp | null;
  } | null = null;

  constructor(compiled: Compiled, reading: StoreReading, blocks: readonly Block[]) {
    this.compiled = compiled;
    this.reading = reading;
    this.blocks = blocks;
    this.head = reading.keys.length;
  }

  take(key: number, value: ByteReader): void {
    if (key === this.head) {
      this.found = new StoredReading(this.compiled.layout, this.reading.t);
      this.found.head(value);
    } else if (this.found !== null) {
      const { level, block } = this.blocks[key - this.head - 1];
      this.found.block(level, block, value);
    }
  }

  get values(): readonly FeatureValue[] {
    return this.finished().values;
  }

  get status(): ViewStatus {
    return this.finished().status;
  }

  get eventTime(): Timestamp | null {
    return this.finished().eventTime;
  }

  private finished(): NonNullable<typeof this.read> {
    if (this.read !== null) return this.read;
    const { layout, places, overflowing } = this.compiled;
    const features = (this.found ?? new StoredReading(layout, this.reading.t)).features();
    this.read = {
      values: places.map((place) => features[place]),
      status: overflowing.some((place) => features[place] === null) ? "OVERFLOW" : "PRESENT",
      eventTime: features[features.length - 1] as Timestamp | null,
    };
    return this.read;
  }
}
