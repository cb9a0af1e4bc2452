import { canOverflow, type FeatureValue } from "../../core/aggregation/feature-type.ts";
import type { ByteReader } from "../../core/codec/bytes.ts";
import { blockKey, entityKeyEncoder, headKey } from "../../core/codec/online-keys.ts";
import type { AggregateUse } from "../../core/plan/service-plan.ts";
import type { ViewStatus } from "../../core/result/answers.ts";
import { blocksAt, type ReadingPlan, readingPlan } from "../../core/tile/reading-plan.ts";
import { StoredReading } from "../../core/tile/stored-reading.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { RowReading, StoredUse, StoreReading } from "./stored-use.ts";

interface Compiled {
  /** Of the features used, in their order. */
  readonly plan: ReadingPlan;
  /** Which of the used features can overflow. */
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
  const used = Object.keys(use.features).map((name) => index.get(name)!);
  const plan = readingPlan(layout, used);
  const overflowing = [...used.keys()].filter((i) => canOverflow(layout.features[used[i]].type));
  const compiled = { plan, overflowing };
  // Rows of one request share their moment.
  let last: { readonly guess: Timestamp; readonly blocks: readonly Block[] } = { guess: Number.NaN, blocks: [] };
  return {
    use,
    forget: () => {},
    kept: 0,
    covers: (guess, t) =>
      plan.levels.every((_, level) => blocksAt(plan, level, guess).until === blocksAt(plan, level, t).until),
    ask(row, state, guess, reading) {
      const entity = encode((key) => row[use.inputs[key]]);
      if (last.guess !== guess) last = { guess, blocks: blocksFor(plan, guess) };
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
function blocksFor(plan: ReadingPlan, guess: Timestamp): readonly Block[] {
  if (!Number.isFinite(guess)) return [];
  return plan.levels.flatMap((_, level) => {
    const { from, until } = blocksAt(plan, level, guess);
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
      this.found = new StoredReading(this.compiled.plan, this.reading.t);
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
    const { plan, overflowing } = this.compiled;
    const values = (this.found ?? new StoredReading(plan, this.reading.t)).features();
    const eventTime = values.pop() as Timestamp | null;
    const status = overflowing.some((i) => values[i] === null) ? "OVERFLOW" : "PRESENT";
    this.read = { values, status, eventTime };
    return this.read;
  }
}
