import { AsofError } from "../core/errors.ts";
import { fingerprint } from "../core/definition/fingerprint.ts";
import { explainedFeature, type ExplainedFeature, explainedKeys } from "../core/explain/explained-feature.ts";
import { sameValue } from "../core/explain/same-value.ts";
import { isAggregate, isBatch, type ServicePlan } from "../core/plan/service-plan.ts";
import type { FeatureAnswer } from "../core/result/answers.ts";
import type { Explanation, OnlineView } from "../core/result/explanation.ts";
import { parseKnowledge } from "../core/result/knowledge.ts";
import type { ReadOptions } from "../core/result/store.ts";
import type { Row } from "../core/schema/data-type.ts";
import { parseTimestamp, type Timestamp } from "../core/time/timestamp.ts";
import type { LogPosition } from "../ports/event-log.ts";
import { answerAsOf } from "../stages/offline/as-of.ts";
import { explainAggregate, type ExplainRequest } from "../stages/offline/explain-aggregate.ts";
import { explainBatch } from "../stages/offline/explain-batch.ts";
import type { OfflineStore } from "../stages/offline/offline-store.ts";
import type { FeatureReader } from "../stages/serving/feature-reader.ts";
import { interruptible } from "./interruptible.ts";
import type { StoreParts } from "./store-parts.ts";

/** What explaining needs of the rest of the store. */
export interface ExplainParts {
  readonly parts: StoreParts;
  readonly offline: OfflineStore;
  readonly readerOf: (plan: ServicePlan) => FeatureReader;
  /** A moment asked about, now where it is null, and now, with all that was there at it. @throws ASOF_FUTURE_READ */
  readonly momentOf: (at: Timestamp | null) => Promise<{ readonly t: Timestamp; readonly now: Timestamp }>;
}

/** What an answer says of one feature. */
type Said = Pick<Explanation, "value" | "status" | "eventTime">;

/**
 * Explains one feature of one key. Without a moment it explains what the online store answers, at that answer's moment
 * and with the loads that are in it; what it finds in history is computed anew, and held against both stores.
 * @throws ASOF_UNKNOWN_VIEW, ASOF_UNKNOWN_FEATURE, ASOF_UNKNOWN_FIELD, ASOF_MISSING_KEY, ASOF_FUTURE_READ, ASOF_USAGE
 */
export async function explain(
  store: ExplainParts,
  view: string,
  feature: string,
  given: Readonly<Record<string, unknown>>,
  options: ReadOptions,
): Promise<Explanation> {
  const { catalog, registry, log } = store.parts;
  const engine = interruptible(store.parts.engine, options.signal);
  const explained = explainedFeature(catalog, view, feature);
  const { plan, use } = explained;
  const keys = explainedKeys(explained, given);
  const knowledge = parseKnowledge(options.knowledge);
  const at = options.at === undefined ? null : parseTimestamp(options.at);
  const online = await readOnline(store, explained, keys);
  const isLive = at === null && knowledge === "served" && "t" in online;
  const { t, now } = isLive ? await livesAt(store, online.t) : await store.momentOf(at);
  const cut = log.end;
  const loads = isLive ? (online.loads[view] ?? cut) : cut;
  const hindsight = knowledge === "now" ? now : undefined;
  const request: ExplainRequest = { feature, keys, t, hindsight, cut, loads };

  const read = async (moment: Timestamp, loadsUntil: LogPosition, known?: Timestamp): Promise<Said> => {
    const [answer] = await answerAsOf(engine, store.offline, plan, [keys], moment, cut, {
      loadsUntil,
      hindsight: known,
    });
    return said(explained, answer);
  };
  const answered = await read(t, loads, hindsight);
  const { revision, appliedAt, definitions } = await registry.revision();
  const stream = isAggregate(use) ? use.source.name : isBatch(use) ? use.stream.name : null;
  const common = {
    view,
    feature,
    keys,
    keyTypes: explained.keys,
    t,
    knowledge,
    ...(hindsight === undefined ? {} : { knownAt: hindsight }),
    type: explained.type,
    status: answered.status,
    eventTime: answered.eventTime,
    definition: {
      fingerprint: use.fingerprint,
      revision,
      appliedAt,
      applied: definitions.some((one) => one.fingerprint === use.fingerprint),
    },
    log: {
      position: cut,
      loads,
      newest: stream === null ? 0 : await store.offline.loadedUntil([stream], cut),
    },
    online:
      "why" in online
        ? ({ state: "absent", why: online.why } as const)
        : compared(explained, online, isLive ? answered : await read(online.t, online.loads[view] ?? cut)),
  };
  const checked = <A extends { readonly value: Explanation["value"] }>(account: A) => ({
    ...common,
    ...account,
    check: {
      explained: account.value,
      answered: answered.value,
      equal: sameValue(account.value, answered.value),
    },
  });
  if (isAggregate(use))
    return { kind: "aggregateView", ...checked(await explainAggregate(engine, store.offline, use, request)) };
  if (isBatch(use))
    return { kind: "batchView", ...checked(await explainBatch(engine, store.offline, registry, use, request)) };
  const { code } = use.view;
  return {
    kind: "onDemandView",
    ...checked({ value: answered.value }),
    code,
    codeFingerprint: fingerprint(code),
  };
}

/** What the online store answers now, or why it does not. */
async function readOnline(
  store: ExplainParts,
  { plan }: ExplainedFeature,
  keys: Row,
): Promise<FeatureAnswer | { readonly why: string }> {
  try {
    const [answer] = await store.readerOf(plan).read([keys]);
    return Number.isFinite(answer.t) ? answer : { why: "nothing has come into the online store yet" };
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== "ASOF_NOT_MATERIALIZED") throw error;
    return { why: error.message };
  }
}

/** The moment of a live answer, with all that was there at it. */
async function livesAt(store: ExplainParts, t: Timestamp): Promise<{ readonly t: Timestamp; readonly now: Timestamp }> {
  await store.parts.refresh();
  return { t, now: t };
}

function said({ use, name }: ExplainedFeature, { values, statuses, eventTimes }: FeatureAnswer): Said {
  return { value: values[name], status: statuses[use.alias], eventTime: eventTimes[use.alias] };
}

function compared(explained: ExplainedFeature, answer: FeatureAnswer, history: Said): OnlineView {
  const online = said(explained, answer);
  const equal =
    sameValue(online.value, history.value) &&
    online.status === history.status &&
    online.eventTime === history.eventTime;
  return {
    state: equal ? "equal" : "different",
    t: answer.t,
    loads: answer.loads[explained.use.alias] ?? 0,
    ...online,
    history,
  };
}
