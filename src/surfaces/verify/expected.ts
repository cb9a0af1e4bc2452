import type { AggregateViewDefinition, BatchViewDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { featureName } from "../../core/definition/service-features.ts";
import { onDemand } from "../../core/on-demand/on-demand.ts";
import { interpret } from "../../core/oracle/expression-interpreter.ts";
import { IdentityHistory } from "../../core/oracle/identity-history.ts";
import { type KeyAnswer, KeyHistory, type LoadedRecord } from "../../core/oracle/key-history.ts";
import { naiveBatchRead, naiveOverflows, type OracleVersion } from "../../core/oracle/naive.ts";
import { isAggregate, isBatch, type ServicePlan, type ViewUsePlan } from "../../core/plan/service-plan.ts";
import type { Row, Value } from "../../core/schema/data-type.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Subject } from "./subject.ts";

/** What one request must be answered. */
export interface ExpectedAnswer {
  readonly values: Readonly<Record<string, unknown>>;
  readonly statuses: Readonly<Record<string, string>>;
  readonly eventTimes: Readonly<Record<string, Timestamp | null>>;
}

/** Answers a request at t over the loads below a position; in hindsight, by what was known at `knownAt`. */
export type Answering = (
  request: Row,
  t: Timestamp,
  loads: (alias: string) => number,
  knownAt?: Timestamp | null,
) => ExpectedAnswer;

/** What a store was told, and what it must answer for that: by the naive oracle, record by record. */
export class Expected {
  private readonly subject: Subject;
  private readonly records = new Map<string, LoadedRecord[]>();
  /** By aggregate view, then by key. */
  private readonly keys = new Map<string, Map<string, KeyHistory>>();
  /** By batch view, then by key. */
  private readonly versions = new Map<string, Map<string, OracleVersion[]>>();
  private readonly loads = new Map<string, number[]>();
  private readonly identities = new Map<string, IdentityHistory>();

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /** Takes records as history holds them. */
  accept(source: SourceDefinition, records: readonly LoadedRecord[]): void {
    const all = this.recordsOf(source.name);
    for (const record of records) all.push(record);
    for (const view of this.subject.catalog.views.values())
      if (view.kind === "aggregateView" && view.source === source.name) this.acceptInto(view, source, records);
  }

  /** Takes records into one view. */
  acceptInto(view: AggregateViewDefinition, source: SourceDefinition, records: readonly LoadedRecord[]): void {
    const byKey = entry(this.keys, view.name, () => new Map<string, KeyHistory>());
    for (const record of records) {
      const key = keyText(Object.values(view.keys).map((field) => record.row[field]));
      if (key !== null) entry(byKey, key, () => new KeyHistory(view, source.fields)).add(record);
    }
  }

  /** Who is who among the records of a source; null where it has no `id`. */
  identityOf({ name, id, fields }: SourceDefinition): IdentityHistory | null {
    if (id === undefined) return null;
    return entry(this.identities, name, () => new IdentityHistory({ id, fields }));
  }

  acceptVersion(view: BatchViewDefinition, key: readonly Value[], version: OracleVersion): void {
    const byKey = entry(this.versions, view.name, () => new Map<string, OracleVersion[]>());
    entry(byKey, keyText(key)!, (): OracleVersion[] => []).push(version);
  }

  /** A load into a source, or a computation of a batch view, at a position of the log. */
  acceptLoad(name: string, position: number): void {
    entry(this.loads, name, (): number[] => []).push(position);
  }

  recordsOf(source: string): LoadedRecord[] {
    return entry(this.records, source, (): LoadedRecord[] => []);
  }

  versionsOf(view: string, key: readonly Value[]): readonly OracleVersion[] {
    const text = keyText(key);
    return (text === null ? undefined : this.versions.get(view)?.get(text)) ?? [];
  }

  hasVersions(view: string): boolean {
    return (this.versions.get(view)?.size ?? 0) > 0;
  }

  /** Whether an answer that contains the loads below `loads` lacks one from before `position`. */
  lacksLoad(use: ViewUsePlan, loads: number, position: number): boolean {
    const name = isAggregate(use) ? use.view.source : use.view.name;
    return (this.loads.get(name) ?? []).some((load) => load >= loads && load < position);
  }

  /** Answers requests; questions asked twice are answered once. */
  answers(plan: ServicePlan): Answering {
    const known = new Map<string, KeyAnswer>();
    const calls = new Map(plan.onDemand.map((use) => [use.alias, onDemand(use.view, use.compute)]));
    const empty = new Map(plan.aggregates.map((use) => [use.alias, new KeyHistory(use.view, use.source.fields)]));
    const aggregate = (
      use: (typeof plan.aggregates)[number],
      request: Row,
      t: Timestamp,
      loads: number,
      knownAt: Timestamp | null,
    ): KeyAnswer => {
      const key = keyText(Object.keys(use.view.keys).map((name) => request[use.inputs[name]]));
      const history = key === null ? undefined : this.keys.get(use.view.name)?.get(key);
      if (history === undefined) return empty.get(use.alias)!.answer(t, loads, knownAt ?? t);
      const question = `${use.view.name} ${t} ${loads} ${knownAt} ${key}`;
      return entry(known, question, () => history.answer(t, loads, knownAt ?? t));
    };
    return (request, t, loadsOf, knownAt = null) => {
      const values: Record<string, unknown> = {};
      const statuses: Record<string, string> = {};
      const eventTimes: Record<string, Timestamp | null> = {};
      for (const use of plan.uses) {
        const { alias } = use;
        const put = (feature: string, value: unknown): void => {
          if (Object.hasOwn(use.features, feature)) values[featureName(alias, feature)] = value;
        };
        statuses[alias] = "PRESENT";
        eventTimes[alias] = null;
        if (isAggregate(use)) {
          const answer = aggregate(use, request, t, loadsOf(alias), knownAt);
          use.view.features.forEach((feature, i) => {
            put(feature.name, answer.features[i]);
            if (Object.hasOwn(use.features, feature.name) && naiveOverflows(feature, answer.features[i]))
              statuses[alias] = "OVERFLOW";
          });
          eventTimes[alias] = answer.eventTime;
        } else if (isBatch(use)) {
          const key = Object.keys(use.keys).map((name) => request[use.inputs[name]]);
          const versions = this.versionsOf(use.view.name, key).filter(({ entry: load }) => load < loadsOf(alias));
          const read = naiveBatchRead(versions, t, use.view.ttl, knownAt);
          statuses[alias] = read === null ? "NOT_FOUND" : read.alive ? "PRESENT" : "EXPIRED";
          eventTimes[alias] = read?.version.event ?? null;
          for (const name of Object.keys(use.view.features))
            put(name, read?.alive === true ? read.version.features[name] : null);
        } else {
          const given = Object.fromEntries(Object.entries(use.inputs).map(([input, name]) => [input, request[name]]));
          const [row] = calls.get(alias)!([given], [t]);
          for (const name of Object.keys(use.view.features)) put(name, row[name]);
        }
      }
      return { values, statuses, eventTimes };
    };
  }
}

/** A record of a load: its declared times, or those that undeclared ones get. */
export function loadedRecord(
  source: SourceDefinition,
  row: Row,
  load: number,
  first: boolean,
  now: Timestamp,
): LoadedRecord {
  const event = interpret(source.eventTime, source.fields, row) as number;
  if (source.availableAt !== null)
    return { event, available: interpret(source.availableAt, source.fields, row) as number, row, load };
  return { event, available: first ? event : Math.max(event, now), row, load };
}

/** A streamed record: known from its arrival, or from when it happens. */
export function streamedRecord(source: SourceDefinition, row: Row, stamp: Timestamp): LoadedRecord {
  const event = interpret(source.eventTime, source.fields, row) as number;
  return { event, available: Math.max(event, stamp), row, load: null };
}

/** Null where a part of the key is null: nothing has that key. */
function keyText(key: readonly Value[]): string | null {
  if (key.includes(null)) return null;
  return key.map((value) => `${typeof value} ${String(value)}`).join("\u0000");
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}
