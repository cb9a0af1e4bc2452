import type { FeatureType, FeatureValue } from "../../core/aggregation/aggregation.ts";
import type {
  AggregateExplanation,
  Contributor,
  Explanation,
  LateRecord,
  OnlineView,
  VersionExplanation,
  WindowExplanation,
} from "../../core/result/explanation.ts";
import type { DataType, Fields, Row } from "../../core/schema/data-type.ts";
import { formatTimestamp } from "../../core/time/timestamp.ts";
import { legible } from "./legible.ts";
import { withMoments } from "./moments.ts";

type Json = Readonly<Record<string, unknown>>;

/** An explanation as JSON shows it: its moments are ISO 8601, whether they are times of records or values of features. */
export function explanationJson(explanation: Explanation): Json {
  const { kind, type, view, feature, keys, keyTypes, value, status, knowledge, definition, check, log } = explanation;
  const of = (one: FeatureValue): unknown => legible(one, type);
  return {
    kind,
    view,
    feature,
    keys: legibleRow(keys, keyTypes),
    keyTypes,
    ...withMoments(explanation.knownAt === undefined ? { t: explanation.t } : knownTimes(explanation), "t"),
    knowledge,
    value: of(value),
    type,
    status,
    ...withMoments({ eventTime: explanation.eventTime }, "eventTime"),
    definition: withMoments(definition, "appliedAt"),
    log,
    check: { ...check, explained: of(check.explained), answered: of(check.answered) },
    online: onlineJson(explanation.online, of),
    ...details(explanation),
  };
}

function knownTimes({ t, knownAt }: Explanation): { readonly t: number; readonly knownAt: string } {
  return { t, knownAt: formatTimestamp(knownAt!) };
}

function onlineJson(online: OnlineView, of: (value: FeatureValue) => unknown): Json {
  if (online.state === "absent") return online;
  return {
    ...withMoments(online, "t", "eventTime"),
    value: of(online.value),
    history: { ...withMoments(online.history, "eventTime"), value: of(online.history.value) },
  };
}

/** What only one kind of view has. */
function details(explanation: Explanation): Json {
  switch (explanation.kind) {
    case "aggregateView": {
      const { source, aggregation, words, argument, where, per, influence, lateness, windows, type } = explanation;
      const element = type.kind === "list" && explanation.windows.length > 1 ? type.of : type;
      return {
        source,
        aggregation,
        words,
        argument,
        where,
        per,
        influence,
        lateness,
        windows: windows.map((one) => windowJson(one, element, explanation)),
      };
    }
    case "batchView": {
      const { sql, ttl, read, others, more, type } = explanation;
      const version = (one: VersionExplanation): Json => ({
        ...withMoments(one, "event", "available"),
        value: legible(one.value, type),
        run: one.run === null ? null : withMoments(one.run, "startedAt"),
      });
      return {
        sql,
        ttl,
        ...withMoments({ expires: explanation.expires }, "expires"),
        read: read === null ? null : version(read),
        others: others.map(version),
        more,
      };
    }
    default:
      return { code: explanation.code, codeFingerprint: explanation.codeFingerprint };
  }
}

function windowJson(
  window: WindowExplanation,
  type: FeatureType,
  { argumentType, perType, fieldTypes }: AggregateExplanation,
): Json {
  const grouped = perType ?? argumentType ?? plain;
  const { tiles, contributions, groups, late, value } = window;
  return {
    ...withMoments(window, "start", "end"),
    value: legible(value, type),
    tiles: {
      ...withMoments(tiles, "first", "last", "open"),
      largest: tiles.largest.map((tile) => withMoments(tile, "start")),
    },
    contributions: contributions.map((one: Contributor) => ({
      ...withMoments(one, "event", "available"),
      argument: legible(one.argument, argumentType ?? plain),
      ...(one.key === undefined ? {} : { key: legible(one.key, grouped) }),
      fields: legibleRow(one.fields, fieldTypes),
    })),
    groups: groups?.map(({ value, records }) => ({ value: legible(value, grouped), records })) ?? null,
    late: late.map((one: LateRecord) => withMoments(one, "event", "available")),
  };
}

function legibleRow(row: Row, types: Fields): Json {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, legible(value, types[name])]));
}

/** The type of a record that counts for itself. */
const plain: DataType = { kind: "boolean", nullable: false };
