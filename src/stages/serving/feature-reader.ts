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
import type { FeatureAnswer } from "../../core/result/answers.ts";
import type { StageTimer } from "../../core/result/stage-timer.ts";
import type { ViewTimer } from "../../core/result/view-timer.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import { aggregateUse } from "./aggregate-use.ts";
import { batchUse } from "./batch-use.ts";
import type { KeptBudget } from "./kept-rows.ts";
import { type AnsweredUse, type AnswerShape, LiveAnswers } from "./live-answers.ts";
import type { RowReading, StoredUse, StoreReading } from "./stored-use.ts";
import { MEASURED, ViewTiming } from "./view-timing.ts";

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
  readonly names: readonly string[];
}

/**
 * Answers requests for one service from the online store: all keys of a request in one read, one snapshot, one
 * moment. That moment is the watermark, or the present while nothing has arrived since. Rows of batch views, which
 * change with the version of the store's views alone, are kept, where the store tells that it still is the same.
 */
export class FeatureReader {
  private readonly plan: ServicePlan;
  private readonly store: OnlineStore;
  private readonly present: Present | null;
  private readonly budget: KeptBudget;
  private readonly stored: readonly StoredUse[];
  private readonly onDemand: readonly OnDemandPart[];
  /** By use of the service: which of `stored` it is; or, negative and from −1 on, which of `onDemand`. */
  private readonly order: readonly number[];
  private readonly shape: AnswerShape;
  /** The store's generation that kept rows are of. */
  private generation: number | undefined;
  private views: HeldViews;
  /** The latest moment that was answered for: the next is rarely far from it. */
  private latest: Timestamp = -Infinity;
  private readonly input = new ByteReader(new Uint8Array(0));
  /** Of its own: a store that is asked for the same snapshot again lends the same bytes. */
  private readonly metaInput = new ByteReader(new Uint8Array(0));
  private readonly viewTimer: ViewTimer | null;
  /** The views in the order of `stored` and `onDemand`. */
  private readonly viewNames: readonly string[];
  private untilMeasured = MEASURED;

  /** @param viewTimer is told of some requests how long each view took */
  constructor(
    plan: ServicePlan,
    store: OnlineStore,
    present: Present | null,
    budget: KeptBudget,
    viewTimer: ViewTimer | null = null,
  ) {
    this.plan = plan;
    this.store = store;
    this.present = present;
    this.budget = budget;
    const stored: StoredUse[] = [];
    const computed: OnDemandPart[] = [];
    this.order = plan.uses.map((use) => {
      if (isAggregate(use)) return stored.push(aggregateUse(use)) - 1;
      if (isBatch(use)) return stored.push(batchUse(use, budget)) - 1;
      computed.push({ use, call: onDemand(use.view, use.compute), names: Object.keys(use.features) });
      return -computed.length;
    });
    this.stored = stored;
    this.onDemand = computed;
    this.viewTimer = viewTimer;
    this.viewNames = [...stored, ...computed].map(({ use }) => use.view.name);
    const aliases = plan.uses.map(({ alias }) => alias);
    this.shape = {
      values: recordMaker(Object.keys(plan.features)),
      statuses: recordMaker(aliases),
      times: recordMaker(aliases),
    };
    this.generation = store.generation;
    this.views = this.held(-1, []);
  }

  /**
   * Synchronous where the store is, and nothing has to be asked twice.
   * @param requests canonical rows of the service's inputs
   * @throws ASOF_NOT_MATERIALIZED
   */
  read(requests: readonly Row[], timer?: StageTimer): FeatureAnswer[] | Promise<FeatureAnswer[]> {
    const answers = this.live(requests, timer);
    return answers instanceof Promise ? answers.then((late) => late.all()) : answers.all();
  }

  /** As `read`; the answers are not made yet. */
  live(requests: readonly Row[], timer?: StageTimer): LiveAnswers | Promise<LiveAnswers> {
    const present = this.present?.moment() ?? null;
    if (present instanceof Promise) return this.readOn(requests, present, this.latest, timer);
    const answers = this.attempt(requests, present, Math.max(this.latest, present ?? -Infinity), timer);
    return answers instanceof LiveAnswers ? answers : this.readOn(requests, present, answers, timer);
  }

  /** Lets go of all rows that are kept, at once. */
  forget(): void {
    for (const one of this.stored) one.forget();
    this.generation = this.store.generation;
  }

  /** How many rows are kept. */
  get kept(): number {
    return this.stored.reduce((sum, one) => sum + one.kept, 0);
  }

  /** Goes on where an attempt has not been enough, or is still under way. */
  private async readOn(
    requests: readonly Row[],
    moment: Timestamp | null | Promise<Timestamp | null>,
    attempted: Timestamp | Promise<LiveAnswers | Timestamp>,
    timer: StageTimer | undefined,
  ): Promise<LiveAnswers> {
    let answers = await attempted;
    for (
      let present = await moment;
      !(answers instanceof LiveAnswers);
      present = (await this.present?.moment()) ?? null
    ) {
      timer?.begin("store");
      await this.lookAtViews();
      answers = await this.attempt(requests, present, Math.max(answers, present ?? -Infinity), timer);
    }
    return answers;
  }

  /** Reads with blocks for about the moment `guess`; gives the real moment where that was not good enough. */
  private attempt(
    requests: readonly Row[],
    present: Timestamp | null,
    guess: Timestamp,
    timer: StageTimer | undefined,
  ): LiveAnswers | number | Promise<LiveAnswers | number> {
    const { views, input, metaInput, stored, generation } = this;
    const position = this.present?.position;
    const reading: StoreReading = {
      keys: [META_KEY],
      takers: [null],
      t: -Infinity,
      keeps: generation !== undefined,
      from: -Infinity,
      until: Infinity,
    };
    const timing = this.timing();
    const rows = stored.map((one, u): RowReading[] => {
      const view = views.states[u];
      const asked = view === undefined ? [] : requests.map((row) => one.ask(row, view.state, guess, reading));
      timing?.asked(reading.keys.length);
      return asked;
    });
    let meta: OnlineMeta | null = null;
    let stale = false;
    timer?.begin("store");
    const read = this.store.read(reading.keys, (i, bytes) => {
      timer?.begin("decode");
      if (i === 0) {
        meta = bytes === undefined ? null : decodeMeta(bytes, metaInput);
        stale = meta !== null && meta.views !== views.version;
        reading.t = momentOf(meta, present, position);
      } else if (!stale && bytes !== undefined) {
        input.reset(bytes);
        if (timing === null) reading.takers[i]!.take(i, input);
        else timing.taking(i, () => reading.takers[i]!.take(i, input));
      }
      timer?.begin("store");
    });
    const answer = (): LiveAnswers | number => {
      timer?.begin("compute");
      if (this.store.generation !== generation) {
        this.forget();
        this.budget.moved();
        return reading.t;
      }
      if (meta === null) this.refuse(this.plan.uses.find((use) => isAggregate(use) || isBatch(use)));
      else if (stale) return meta.watermark;
      const { t } = reading;
      let isRight = guess <= t && t >= reading.from && t < reading.until;
      for (let u = 0; u < stored.length; u++) {
        if (views.states[u] === undefined) this.refuse(stored[u].use);
        isRight &&= stored[u].covers(guess, t);
      }
      if (!isRight) return t;
      this.latest = t;
      return this.answer(requests, rows, views.loads, t, timing);
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
        this.forget();
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
    timing: ViewTiming | null,
  ): LiveAnswers {
    // Keys without a record are known to have none as of this read, and no later.
    for (const ofUse of rows) for (const row of ofUse) void row.kept;
    // Values are made where they are asked for first.
    if (timing !== null)
      for (const [u, ofUse] of rows.entries()) timing.measure(u, () => ofUse.forEach((row) => void row.values));
    const computed = this.onDemand.map(({ use, call, names }, d): AnsweredUse[] => {
      const inputs = requests.map((row) =>
        Object.fromEntries(Object.entries(use.inputs).map(([input, name]) => [input, row[name]])),
      );
      const compute = (): ReturnType<typeof call> => call(inputs, new Float64Array(requests.length).fill(t));
      const found = timing === null ? compute() : timing.measure(rows.length + d, compute);
      return found.map((one) => ({
        values: names.map((name) => one[name]),
        status: "PRESENT",
        eventTime: null,
        kept: null,
      }));
    });
    timing?.tell();
    const uses = this.order.map((place) => (place >= 0 ? rows[place] : computed[-place - 1]));
    return new LiveAnswers(this.shape, requests.length, uses, { t, loads });
  }

  /** Null for a request that is not measured, as most are not. */
  private timing(): ViewTiming | null {
    if (this.viewTimer === null || --this.untilMeasured > 0) return null;
    this.untilMeasured = MEASURED;
    return new ViewTiming(this.viewTimer, this.viewNames);
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
