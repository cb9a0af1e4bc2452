import { knowledgeSchema } from "./answer-schema.ts";
import {
  anything,
  anyValue,
  count,
  flag,
  listOf,
  mapOf,
  moment,
  objectOf,
  orNull,
  type Schema,
  text,
  whole,
} from "./schema.ts";

const value: Schema = { ...anything, description: "as the feature's type is written" };
const status: Schema = { enum: ["PRESENT", "NOT_FOUND", "EXPIRED", "OVERFLOW"] };
const origin: Schema = { enum: ["stream", "load"] };
const fields: Schema = mapOf(anyValue);

const online: Schema = {
  description: "what the online store answers now, beside what history gives for the same moment and loads",
  anyOf: [
    objectOf({
      state: { enum: ["equal", "different"] },
      t: moment,
      loads: whole,
      value,
      status,
      eventTime: orNull(moment),
      history: objectOf({ value, status, eventTime: orNull(moment) }),
    }),
    objectOf({ state: { const: "absent" }, why: text }),
  ],
};

const common = {
  view: text,
  feature: text,
  keys: { ...fields, description: "the key, or the input of a request-time view" },
  keyTypes: mapOf(objectOf({ kind: text, nullable: flag, nonFinite: flag }, ["nonFinite"])),
  t: { ...moment, description: "the moment explained; unless asked for, that of the online store's answer" },
  knownAt: { ...moment, description: 'with knowledge "now": the moment whose knowledge that is' },
  knowledge: knowledgeSchema,
  value,
  type: { ...mapOf(anything), description: "the feature's type" },
  status,
  eventTime: orNull(moment),
  definition: objectOf({ fingerprint: text, revision: count, appliedAt: orNull(moment), applied: flag }),
  log: objectOf({
    position: { ...whole, description: "what is below this position was looked at" },
    loads: { ...whole, description: "loads and computations below this position are in the value" },
    newest: { ...whole, description: "behind the newest of them that there is" },
  }),
  check: {
    ...objectOf({ explained: value, answered: value, equal: flag }),
    description: "what the records and versions listed here give, beside the point-in-time join",
  },
  online,
};

const window: Schema = objectOf({
  start: { ...orNull(moment), description: "null: since ever" },
  end: moment,
  value,
  tiles: objectOf({
    hop: { ...orNull(count), description: "the width of a tile in microseconds; null where one holds all of time" },
    spanned: orNull(count),
    filled: count,
    first: orNull(moment),
    last: orNull(moment),
    open: { ...orNull(moment), description: "where the tile begins that was not over yet" },
    largest: listOf(objectOf({ start: orNull(moment), records: count, open: flag })),
  }),
  records: {
    ...objectOf({
      visible: count,
      counted: count,
      filtered: { ...count, description: "visible, and left out by the condition" },
      empty: { ...count, description: "visible, and without a value" },
      loaded: count,
      streamed: count,
      late: count,
      notYetAvailable: count,
      notYetHappened: count,
      withdrawn: count,
    }),
    description: "records of the key whose event lies in the window",
  },
  contributions: {
    ...listOf(
      objectOf(
        { argument: anything, key: anything, event: moment, available: moment, position: whole, origin, fields },
        ["key"],
      ),
    ),
    description: "the records with the most influence",
  },
  more: { ...count, description: "how many more contribute" },
  groups: {
    ...orNull(listOf(objectOf({ value: anything, records: count }))),
    description: "the values, where it counts how often each occurs; the keys, where it is computed per key",
  },
  moreGroups: count,
  late: {
    ...listOf(objectOf({ event: moment, available: moment, position: whole, origin, by: count })),
    description: "visible records that became available after their tile had ended, by so many microseconds",
  },
});

const version: Schema = objectOf({
  event: moment,
  available: moment,
  entry: whole,
  value: anything,
  state: { enum: ["read", "expired", "superseded", "not yet available", "of a later time"] },
  run: orNull(objectOf({ id: count, startedAt: moment, backfill: flag })),
});

/** How a value came about, by the kind of its view. */
export const explanationSchema: Schema = {
  anyOf: [
    objectOf(
      {
        kind: { const: "aggregateView" },
        ...common,
        source: text,
        aggregation: mapOf(anything),
        words: text,
        argument: orNull(text),
        where: orNull(text),
        per: { ...orNull(text), description: "what it is computed per" },
        influence: { ...text, description: "what the listed records are ordered by" },
        lateness: { ...text, description: "what makes records late" },
        windows: { ...listOf(window), description: "one, or those of a series, the newest first" },
      },
      ["knownAt"],
    ),
    objectOf(
      {
        kind: { const: "batchView" },
        ...common,
        sql: text,
        ttl: { ...orNull(count), description: "microseconds; null for ever" },
        expires: orNull(moment),
        read: orNull(version),
        others: listOf(version),
        more: count,
      },
      ["knownAt"],
    ),
    objectOf({ kind: { const: "onDemandView" }, ...common, code: text, codeFingerprint: text }, ["knownAt"]),
  ],
};
