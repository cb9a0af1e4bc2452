import { columnTypes } from "../codec/collection-text.ts";
import type { Fields, Row } from "../schema/data-type.ts";
import type { Catalog } from "./catalog.ts";
import type { BatchViewDefinition, ModelDefinition, SourceDefinition } from "./data.ts";
import { defaultsOf } from "./defaults.ts";
import { fingerprint } from "./fingerprint.ts";
import { serviceFeatures } from "./service-features.ts";

/**
 * Records of one shape under one name, in the log and in the offline store: those of a source, the rows of a batch
 * view, what a model served. Another shape is another schema of the stream.
 */
export interface Stream {
  readonly name: string;
  readonly fields: Fields;
  /** Identifies the fields: 16 hexadecimal digits. */
  readonly schema: string;
  /** What records from before a field was there have in it; null where it is not said. */
  readonly defaults?: Row;
  /** What was withdrawn of its records; only where ids name them. */
  readonly withdrawals?: Stream;
}

const stream = (name: string, fields: Fields, withdrawals: Stream | null = null): Stream => ({
  name,
  fields,
  schema: fingerprint(fields).slice(0, 16),
  ...(withdrawals === null ? {} : { withdrawals }),
});

const sourceStreams = new WeakMap<SourceDefinition, Stream>();

export function sourceStream(source: SourceDefinition): Stream {
  let found = sourceStreams.get(source);
  if (found === undefined) {
    found = {
      ...stream(source.name, source.fields, withdrawalStream(source)),
      ...(source.defaults === undefined ? {} : { defaults: defaultsOf(source) }),
    };
    sourceStreams.set(source, found);
  }
  return found;
}

/** The columns of a source's withdrawals beside its `id`. */
export const TARGET = "__target";

const withdrawalStreams = new WeakMap<SourceDefinition, Stream>();

/**
 * What was withdrawn of a source with an `id`, as the offline store keeps it: the id of the record and its position
 * (`TARGET`), with the event of the record as `__event`, the moment from which on the withdrawal is known as
 * `__available`, and the position of the withdrawal. In the log withdrawals are entries of the source's own stream.
 */
export function withdrawalStream(source: SourceDefinition): Stream | null {
  if (source.id === undefined) return null;
  let found = withdrawalStreams.get(source);
  if (found === undefined) {
    const id = Object.fromEntries(source.id.map((name) => [name, source.fields[name]]));
    found = stream(`withdrawn.${source.name}`, { ...id, [TARGET]: { kind: "int64", nullable: false } });
    withdrawalStreams.set(source, found);
  }
  return found;
}

/** The columns of what is remembered of ids beside the `id`: from when on a retraction waits, or a digest of content. */
export const REMEMBERED = { waiting: "__waiting", digest: "__digest" } as const;

/**
 * What else is remembered of the ids of a source, of whose withdrawals the stream is given: retractions that wait for
 * their records, and the content of records that came after their own withdrawal, by its digest. It is in no other
 * file, and the index of identities is made of it again.
 */
export function rememberedStream({ name, fields }: Stream): Stream {
  const { [TARGET]: _, ...id } = fields;
  return stream(name.replace(/^withdrawn\./, "remembered."), {
    ...id,
    [REMEMBERED.waiting]: { kind: "timestamp", nullable: true },
    [REMEMBERED.digest]: { kind: "string", nullable: true },
  });
}

/** The columns of requests that carried an idempotency key. */
export const REQUEST = { key: "__key", count: "__count", digest: "__digest" } as const;

/** Requests to a source that carried an idempotency key, each with the stamp and position that it is answered with. */
export function requestsStream(source: string): Stream {
  return stream(`requests.${source}`, {
    [REQUEST.key]: { kind: "string", nullable: false },
    [REQUEST.count]: { kind: "int64", nullable: false },
    [REQUEST.digest]: { kind: "string", nullable: false },
  });
}

/** The rows of a batch view: keys, features and the event time. Each version of the view has its own. */
export function batchStream(catalog: Catalog, view: BatchViewDefinition, viewFingerprint: string): Stream {
  return stream(`${view.name}.${viewFingerprint.slice(0, 8)}`, {
    ...catalog.entities.get(view.entity)!.keys,
    ...view.features,
  });
}

/** The columns of the served log beside the service's inputs and features. */
export const SERVED = {
  id: "__id",
  t: "__t",
  version: "__version",
  /** What the version was then: "current", "canary" or "shadow". */
  role: "__role",
  prediction: "__prediction",
  /** JSON by alias: the loads that are in the answer, the status of each view, its event time. */
  loads: "__loads",
  statuses: "__statuses",
  eventTimes: "__event_times",
} as const;

/** The id in the served log of what a shadow predicted beside an answer. */
export const shadowId = (answer: string): string => `${answer}${SHADOW_SUFFIX}`;
export const SHADOW_SUFFIX = "~shadow";

/**
 * What a model served: the request, the features used, the prediction. Each set of features has its own. What was
 * served before versions had roles was served by current ones.
 */
export function servedStream(catalog: Catalog, model: ModelDefinition): Stream {
  const before = servedBeforeRoles(catalog, model);
  const fields: Fields = { ...before, [SERVED.role]: { kind: "string", nullable: false } };
  return {
    // The name is that of the fields without roles: what there is under it goes on.
    ...stream(`${SERVED_PREFIX}${model.name}.${fingerprint(before).slice(0, 8)}`, fields),
    defaults: { [SERVED.role]: "current" },
  };
}

/** The fields of what a model served, as the log had them before versions had roles. */
export function servedBeforeRoles(catalog: Catalog, model: ModelDefinition): Fields {
  const service = catalog.services.get(model.service)!;
  const absent = (fields: Fields): Fields =>
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { ...type, nullable: true }]));
  return {
    [SERVED.id]: { kind: "string", nullable: false },
    [SERVED.t]: { kind: "timestamp", nullable: false },
    [SERVED.version]: { kind: "int32", nullable: false },
    [SERVED.prediction]: { kind: "float64", nullable: false },
    [SERVED.loads]: { kind: "string", nullable: false },
    [SERVED.statuses]: { kind: "string", nullable: false },
    [SERVED.eventTimes]: { kind: "string", nullable: false },
    ...absent(service.inputs),
    ...absent(columnTypes(serviceFeatures(catalog, service))),
  };
}

const SERVED_PREFIX = "served.";

/** No source has such a name. */
export const isServedStream = (name: string): boolean => name.startsWith(SERVED_PREFIX);
