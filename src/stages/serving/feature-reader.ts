import { canOverflow, type FeatureValue } from "../../core/aggregation/feature-type.ts";
import { decodeBatchRows, isAlive, versionAt } from "../../core/codec/batch-rows.ts";
import { ByteReader } from "../../core/codec/bytes.ts";
import { blockKey, entityKeyEncoder, headKey, META_KEY, VIEWS_KEY } from "../../core/codec/online-keys.ts";
import { decodeMeta, decodeViews, noViews, type OnlineMeta, type OnlineView } from "../../core/codec/online-meta.ts";
import { type RowCodec, rowCodec } from "../../core/codec/row-codec.ts";
import { featureName } from "../../core/definition/service-features.ts";
import { AsofError } from "../../core/errors.ts";
import { onDemand } from "../../core/on-demand/on-demand.ts";
import {
  type AggregateUse,
  type BatchUse,
  isAggregate,
  isBatch,
  type ServicePlan,
  type ViewUsePlan,
} from "../../core/plan/service-plan.ts";
import type { FeatureAnswer, ViewStatus } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { blocksAt } from "../../core/tile/read-features.ts";
import { StoredReading } from "../../core/tile/stored-reading.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineStore } from "../../ports/online-store.ts";

/**
 * The present of the process that writes, where it is this one: a moment later than the store's watermark at which
 * its state still is complete, because nothing has arrived. Null where there is none.
 */
export interface Present {
  /** The position up to which `moment` speaks. */
  readonly position: number;
  moment(): Timestamp | null | Promise<Timestamp | null>;
}

type Encoder = ReturnType<typeof entityKeyEncoder>;

/** What one view answered for one row. */
interface ViewAnswer {
  readonly values: (feature: string) => FeatureValue;
  readonly status: ViewStatus;
  readonly eventTime: Timestamp | null;
}

interface CompiledAggregate {
  readonly use: AggregateUse;
  readonly encode: Encoder;
  readonly places: ReadonlyMap<string, number>;
  /** Places of the used features that can overflow. */
  readonly overflowing: readonly number[];
}

interface CompiledBatch {
  readonly use: BatchUse;
  readonly encode: Encoder;
  readonly codec: RowCodec;
}

/** What is read for one use and one row: where its values stand among the keys asked for. */
interface Asked {
  readonly head: number;
  readonly blocks: readonly { readonly at: number; readonly level: number; readonly block: number }[];
}

/**
 * Answers requests for one service from the online store: all keys of a request in one read, one snapshot, one
 * moment. That moment is the watermark, or the present while nothing has arrived since.
 */
export class FeatureReader {
  private readonly plan: ServicePlan;
  private readonly store: OnlineStore;
  private readonly present: Present | null;
  private readonly stored: readonly (CompiledAggregate | CompiledBatch)[];
  private readonly onDemand: readonly { readonly use: ViewUsePlan; readonly call: ReturnType<typeof onDemand> }[];
  private views: { readonly version: number; readonly byFingerprint: ReadonlyMap<string, OnlineView> } = {
    version: -1,
    byFingerprint: new Map(),
  };

  constructor(plan: ServicePlan, store: OnlineStore, present: Present | null) {
    this.plan = plan;
    this.store = store;
    this.present = present;
    this.stored = [...plan.aggregates, ...plan.batches].map((use) =>
      isAggregate(use)
        ? {
            use,
            encode: entityKeyEncoder(use.keys),
            places: new Map(use.layout.features.map(({ name }, i) => [name, i])),
            overflowing: use.layout.features.flatMap(({ name, type }, i) =>
              name in use.features && canOverflow(type) ? [i] : [],
            ),
          }
        : { use, encode: entityKeyEncoder(use.keys), codec: rowCodec(use.view.features) },
    );
    this.onDemand = plan.onDemand.map((use) => ({ use, call: onDemand(use.view, use.compute) }));
  }

  /** @param requests canonical rows of the service's inputs. @throws ASOF_NOT_MATERIALIZED */
  async read(requests: readonly Row[]): Promise<FeatureAnswer[]> {
    const entities = this.stored.map(({ use, encode }) => requests.map((row) => encode((key) => row[use.inputs[key]])));
    let guess = -Infinity;
    for (;;) {
      const present = await this.present?.moment();
      const found = await this.attempt(requests, entities, present ?? null, Math.max(guess, present ?? -Infinity));
      if (typeof found !== "number") return found;
      guess = found;
    }
  }

  /** Reads with blocks for about the moment `guess`; resolves to the real moment where that was not good enough. */
  private async attempt(
    requests: readonly Row[],
    entities: readonly (readonly (Uint8Array | null)[])[],
    present: Timestamp | null,
    guess: Timestamp,
  ): Promise<FeatureAnswer[] | number> {
    const keys: Uint8Array[] = [META_KEY, VIEWS_KEY];
    const { version } = this.views;
    const asked = this.stored.map((compiled, u) => {
      const view = this.views.byFingerprint.get(compiled.use.fingerprint);
      return entities[u].map((entity): Asked | null =>
        entity === null || view === undefined ? null : ask(compiled, view.state, entity, guess, keys),
      );
    });
    const position = this.present?.position;
    let meta: OnlineMeta | null = null;
    let stale = false;
    let t = -Infinity;
    const values: unknown[] = Array.from({ length: keys.length });
    const decoders = this.decoders(asked, values, () => t);
    const read = this.store.read(keys, (i, bytes) => {
      if (i === 0) {
        meta = bytes === undefined ? null : decodeMeta(bytes);
        stale = meta !== null && meta.views !== version;
        t = momentOf(meta, present, position);
      } else if (i === 1) {
        if (stale) {
          // Records may have been folded before any view was brought online.
          const views = bytes === undefined ? noViews : decodeViews(bytes);
          this.views = {
            version: views.version,
            byFingerprint: new Map(views.views.map((view) => [view.fingerprint, view])),
          };
        }
      } else if (!stale && bytes !== undefined) decoders[i]?.(bytes);
    });
    if (read !== undefined) await read;
    const found = meta as OnlineMeta | null;
    if (found === null) this.refuse(this.plan.uses.find((use) => isAggregate(use) || isBatch(use)));
    if (found !== null && stale) return found.watermark;
    for (const { use } of this.stored) if (!this.views.byFingerprint.has(use.fingerprint)) this.refuse(use);
    if (guess > t || this.stored.some((one) => "places" in one && !covers(one.use, guess, t))) return t;
    return this.answer(requests, entities, asked, values, t);
  }

  /** What takes the value of each key. The moment is known once the first is read. */
  private decoders(
    asked: readonly (readonly (Asked | null)[])[],
    values: unknown[],
    t: () => Timestamp,
  ): ((bytes: Uint8Array) => void)[] {
    const decoders: ((bytes: Uint8Array) => void)[] = [];
    this.stored.forEach((compiled, u) => {
      for (const one of asked[u]) {
        if (one === null) continue;
        if ("codec" in compiled) {
          decoders[one.head] = (bytes) => (values[one.head] = decodeBatchRows(new ByteReader(bytes), compiled.codec));
          continue;
        }
        let reading: StoredReading | null = null;
        decoders[one.head] = (bytes) => {
          values[one.head] = reading = new StoredReading(compiled.use.layout, t());
          reading.head(new ByteReader(bytes));
        };
        for (const { at, level, block } of one.blocks)
          decoders[at] = (bytes) => reading?.block(level, block, new ByteReader(bytes));
      }
    });
    return decoders;
  }

  private answer(
    requests: readonly Row[],
    entities: readonly (readonly (Uint8Array | null)[])[],
    asked: readonly (readonly (Asked | null)[])[],
    values: readonly unknown[],
    t: Timestamp,
  ): FeatureAnswer[] {
    const loads: Record<string, number> = {};
    const stored = new Map<string, ViewAnswer[]>();
    this.stored.forEach((compiled, u) => {
      const { alias, fingerprint } = compiled.use;
      loads[alias] = this.views.byFingerprint.get(fingerprint)!.loads;
      stored.set(
        alias,
        entities[u].map((_, r) =>
          "codec" in compiled
            ? batchAnswer(compiled, asked[u][r], values, t)
            : aggregateAnswer(compiled, asked[u][r], values, t),
        ),
      );
    });
    const moments = new Float64Array(requests.length).fill(t);
    for (const { use, call } of this.onDemand) {
      const inputs = requests.map((row) =>
        Object.fromEntries(Object.entries(use.inputs).map(([input, name]) => [input, row[name]])),
      );
      stored.set(
        use.alias,
        call(inputs, moments).map((row): ViewAnswer => ({
          values: (feature) => row[feature],
          status: "PRESENT",
          eventTime: null,
        })),
      );
    }
    return requests.map((_, r) => {
      const features: Record<string, FeatureValue> = {};
      const statuses: Record<string, ViewStatus> = {};
      const eventTimes: Record<string, Timestamp | null> = {};
      for (const { alias, features: wanted } of this.plan.uses) {
        const view = stored.get(alias)![r];
        for (const feature of Object.keys(wanted)) features[featureName(alias, feature)] = view.values(feature);
        statuses[alias] = view.status;
        eventTimes[alias] = view.eventTime;
      }
      return { values: features, statuses, eventTimes, t, knowledge: "served", loads };
    });
  }

  private refuse(use: ViewUsePlan | undefined): void {
    if (use !== undefined)
      throw new AsofError("ASOF_NOT_MATERIALIZED", `view ${use.view.name} is not in the online store`, {
        view: use.view.name,
        service: this.plan.service.name,
      });
  }
}

/** The moment that an answer speaks of: the watermark, or the present where nothing has come since. */
function momentOf(meta: OnlineMeta | null, present: Timestamp | null, position: number | undefined): Timestamp {
  const watermark = meta?.watermark ?? -Infinity;
  return present !== null && (meta === null || meta.position === position) ? Math.max(present, watermark) : watermark;
}

function ask(
  compiled: CompiledAggregate | CompiledBatch,
  state: number,
  entity: Uint8Array,
  guess: Timestamp,
  keys: Uint8Array[],
): Asked {
  const head = keys.push(headKey(state, entity)) - 1;
  const blocks: { at: number; level: number; block: number }[] = [];
  if ("places" in compiled && Number.isFinite(guess)) {
    const { layout } = compiled.use;
    layout.levels.forEach((level, l) => {
      if (level.hop === null) return;
      const { from, until } = blocksAt(layout, l, guess);
      for (let block = from; block < until; block++)
        blocks.push({ at: keys.push(blockKey(state, entity, l, block)) - 1, level: l, block });
    });
  }
  return { head, blocks };
}

/** Whether the blocks read for `guess` are all that t needs: t lies in the last of them. */
function covers({ layout }: AggregateUse, guess: Timestamp, t: Timestamp): boolean {
  return layout.levels.every(
    (level, l) => level.hop === null || blocksAt(layout, l, guess).until === blocksAt(layout, l, t).until,
  );
}

function aggregateAnswer(
  { use, places, overflowing }: CompiledAggregate,
  asked: Asked | null,
  values: readonly unknown[],
  t: Timestamp,
): ViewAnswer {
  const reading = asked === null ? undefined : (values[asked.head] as StoredReading | undefined);
  const features = (reading ?? new StoredReading(use.layout, t)).features();
  return {
    values: (feature) => features[places.get(feature)!],
    status: overflowing.some((place) => features[place] === null) ? "OVERFLOW" : "PRESENT",
    eventTime: features[features.length - 1] as Timestamp | null,
  };
}

function batchAnswer(
  { use }: CompiledBatch,
  asked: Asked | null,
  values: readonly unknown[],
  t: Timestamp,
): ViewAnswer {
  const rows = asked === null ? undefined : (values[asked.head] as ReturnType<typeof decodeBatchRows> | undefined);
  const row = rows === undefined ? null : versionAt(rows, t);
  if (row === null) return { values: () => null, status: "NOT_FOUND", eventTime: null };
  if (!isAlive(row.event, t, use.view.ttl)) return { values: () => null, status: "EXPIRED", eventTime: row.event };
  return { values: (feature) => row.features[feature], status: "PRESENT", eventTime: row.event };
}
