import type { FeatureValue } from "../../core/aggregation/feature-type.ts";
import { ByteReader } from "../../core/codec/bytes.ts";
import { META_KEY, VIEWS_KEY } from "../../core/codec/online-keys.ts";
import { decodeMeta, decodeViews, noViews, type OnlineMeta, type OnlineView } from "../../core/codec/online-meta.ts";
import { AsofError } from "../../core/errors.ts";
import { onDemand } from "../../core/on-demand/on-demand.ts";
import {
  isAggregate,
  isBatch,
  type OnDemandUse,
  type ServicePlan,
  type ViewUsePlan,
} from "../../core/plan/service-plan.ts";
import { recordMaker } from "../../core/record-maker.ts";
import type { FeatureAnswer, ViewStatus } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import { aggregateUse } from "./aggregate-use.ts";
import { batchUse } from "./batch-use.ts";
import type { RowReading, StoredUse, StoreReading } from "./stored-use.ts";

/**
 * The present of the process that writes, where it is this one: a moment later than the store's watermark at which
 * its state still is complete, because nothing has arrived. Null where there is none.
 */
export interface Present {
  /** The position up to which `moment` speaks. */
  readonly position: number;
  moment(): Timestamp | null | Promise<Timestamp | null>;
}

/** The views that the store holds, as far as the service uses them. */
interface HeldViews {
  readonly version: number;
  /** By stored use; undefined where the store does not hold its view. */
  readonly states: readonly (OnlineView | undefined)[];
  /** What answers say of them. */
  readonly loads: Readonly<Record<string, number>>;
}

interface OnDemandPart {
  readonly use: OnDemandUse;
  readonly call: ReturnType<typeof onDemand>;
  readonly first: number;
  readonly names: readonly string[];
}

/**
 * Answers requests for one service from the online store: all keys of a request in one read, one snapshot, one
 * moment. That moment is the watermark, or the present while nothing has arrived since.
 */
export class FeatureReader {
  private readonly plan: ServicePlan;
  private readonly store: OnlineStore;
  private readonly present: Present | null;
  private readonly stored: readonly StoredUse[];
  private readonly onDemand: readonly OnDemandPart[];
  /** By use of the service: which of `stored` it is, or −1. */
  private readonly order: readonly number[];
  private readonly valuesOf: (values: readonly FeatureValue[]) => Record<string, FeatureValue>;
  private readonly statusesOf: (statuses: readonly ViewStatus[]) => Record<string, ViewStatus>;
  private readonly timesOf: (times: readonly (Timestamp | null)[]) => Record<string, Timestamp | null>;
  private views: HeldViews;
  /** The latest moment that was answered for: the next is rarely far from it. */
  private latest: Timestamp = -Infinity;
  private readonly input = new ByteReader(new Uint8Array(0));

  constructor(plan: ServicePlan, store: OnlineStore, present: Present | null) {
    this.plan = plan;
    this.store = store;
    this.present = present;
    const stored: StoredUse[] = [];
    const computed: OnDemandPart[] = [];
    let first = 0;
    this.order = plan.uses.map((use) => {
      const names = Object.keys(use.features);
      const from = first;
      first += names.length;
      if (isAggregate(use)) return stored.push(aggregateUse(use, from)) - 1;
      if (isBatch(use)) return stored.push(batchUse(use, from)) - 1;
      computed.push({ use, call: onDemand(use.view, use.compute), first: from, names });
      return -1;
    });
    this.stored = stored;
    this.onDemand = computed;
    const aliases = plan.uses.map(({ alias }) => alias);
    this.valuesOf = recordMaker(Object.keys(plan.features));
    this.statusesOf = recordMaker(aliases);
    this.timesOf = recordMaker(aliases);
    this.views = this.held(-1, []);
  }

  /**
   * Synchronous where the store is, and nothing has to be asked twice.
   * @param requests canonical rows of the service's inputs
   * @throws ASOF_NOT_MATERIALIZED
   */
  read(requests: readonly Row[]): FeatureAnswer[] | Promise<FeatureAnswer[]> {
    const present = this.present?.moment() ?? null;
    if (present instanceof Promise) return this.readOn(requests, present, this.latest);
    const answers = this.attempt(requests, present, Math.max(this.latest, present ?? -Infinity));
    return Array.isArray(answers) ? answers : this.readOn(requests, present, answers);
  }

  /** Goes on where an attempt has not been enough, or is still under way. */
  private async readOn(
    requests: readonly Row[],
    moment: Timestamp | null | Promise<Timestamp | null>,
    attempted: Timestamp | Promise<FeatureAnswer[] | Timestamp>,
  ): Promise<FeatureAnswer[]> {
    let answers = await attempted;
    for (let present = await moment; !Array.isArray(answers); present = (await this.present?.moment()) ?? null) {
      await this.lookAtViews();
      answers = await this.attempt(requests, present, Math.max(answers, present ?? -Infinity));
    }
    return answers;
  }

  /** Reads with blocks for about the moment `guess`; gives the real moment where that was not good enough. */
  private attempt(
    requests: readonly Row[],
    present: Timestamp | null,
    guess: Timestamp,
  ): FeatureAnswer[] | number | Promise<FeatureAnswer[] | number> {
    const { views, input, stored } = this;
    const position = this.present?.position;
    const reading: StoreReading = { keys: [META_KEY], takers: [null], t: -Infinity };
    const rows = stored.map((one, u): RowReading[] => {
      const view = views.states[u];
      return view === undefined ? [] : requests.map((row) => one.ask(row, view.state, guess, reading));
    });
    let meta: OnlineMeta | null = null;
    let stale = false;
    const read = this.store.read(reading.keys, (i, bytes) => {
      if (i === 0) {
        meta = bytes === undefined ? null : decodeMeta(bytes);
        stale = meta !== null && meta.views !== views.version;
        reading.t = momentOf(meta, present, position);
      } else if (!stale && bytes !== undefined) {
        input.reset(bytes);
        reading.takers[i]!.take(i, input);
      }
    });
    const answer = (): FeatureAnswer[] | number => {
      const found = meta;
      if (found === null) this.refuse(this.plan.uses.find((use) => isAggregate(use) || isBatch(use)));
      if (found !== null && stale) return found.watermark;
      stored.forEach(({ use }, u) => views.states[u] ?? this.refuse(use));
      if (guess > reading.t || stored.some((one) => !one.covers(guess, reading.t))) return reading.t;
      this.latest = reading.t;
      return this.answer(requests, rows, views.loads, reading.t);
    };
    return read === undefined ? answer() : read.then(answer);
  }

  /** Takes up which views the store holds, where they have changed. */
  private async lookAtViews(): Promise<void> {
    let changed = false;
    await this.store.read([META_KEY, VIEWS_KEY], (i, bytes) => {
      if (i === 0) changed = bytes !== undefined && decodeMeta(bytes).views !== this.views.version;
      else if (changed) {
        // Records may have been folded before any view was brought online.
        const { version, views } = bytes === undefined ? noViews : decodeViews(bytes);
        this.views = this.held(version, views);
      }
    });
  }

  private held(version: number, views: readonly OnlineView[]): HeldViews {
    const byFingerprint = new Map(views.map((view) => [view.fingerprint, view]));
    const states = this.stored.map(({ use }) => byFingerprint.get(use.fingerprint));
    const loads = this.stored.map(({ use }, u) => [use.alias, states[u]?.loads ?? -1] as const);
    return { version, states, loads: Object.fromEntries(loads) };
  }

  private answer(
    requests: readonly Row[],
    rows: readonly (readonly RowReading[])[],
    loads: Readonly<Record<string, number>>,
    t: Timestamp,
  ): FeatureAnswer[] {
    const computed = this.onDemand.map(({ use, call }) => {
      const inputs = requests.map((row) =>
        Object.fromEntries(Object.entries(use.inputs).map(([input, name]) => [input, row[name]])),
      );
      return call(inputs, new Float64Array(requests.length).fill(t));
    });
    const { order } = this;
    const features: FeatureValue[] = [];
    const statuses: ViewStatus[] = [];
    const eventTimes: (Timestamp | null)[] = [];
    return requests.map((_, r) => {
      for (let u = 0; u < order.length; u++) {
        const row = order[u] < 0 ? null : rows[order[u]][r];
        row?.put(features);
        statuses[u] = row === null ? "PRESENT" : row.status;
        eventTimes[u] = row === null ? null : row.eventTime;
      }
      this.onDemand.forEach(({ first, names }, c) => {
        for (let i = 0; i < names.length; i++) features[first + i] = computed[c][r][names[i]];
      });
      return {
        values: this.valuesOf(features),
        statuses: this.statusesOf(statuses),
        eventTimes: this.timesOf(eventTimes),
        t,
        knowledge: "served",
        loads,
      };
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
