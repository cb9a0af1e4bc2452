import type { FeatureAnswer, PredictionAnswer } from "../../core/result/answers.ts";
import type { Client, FeatureOptions } from "./client.ts";
import type { CallOptions, ClientOptions } from "./client-options.ts";
import { ClientError } from "./client-error.ts";
import type { Undefined } from "./defined.ts";
import { microsOf } from "./moment.ts";
import { type Call, Transport } from "./transport.ts";
import { parseAnswer, type ServiceTypes, valueReader, writeBody } from "./values.ts";

/** What `features` and `predict` share: a row or many, of whatever types. */
type Rows = object | readonly object[];

/**
 * Makes a client of a server. Types come from definitions, which the program need not load:
 * `createClient<typeof import("./definitions.ts")>({ url })`; without them every name is taken.
 */
export function createClient<D = Undefined>(options: ClientOptions): Client<D> {
  const transport = new Transport(options);
  const types = new TypesOfServer(transport);

  const report = async (path: string, query: Call["query"], given: CallOptions = {}): Promise<Json> =>
    json(await transport.send({ method: "GET", path, repeat: "idempotent", query: query ?? {} }, given)) as Json;

  const post = async (path: string, body: unknown, call: Partial<Call>, given: CallOptions): Promise<Json> =>
    json(await transport.send({ method: "POST", path, repeat: "once", ...call, body: writeBody(body) }, given)) as Json;

  const asked = async (kind: Kind, name: string, rows: Rows, given: FeatureOptions): Promise<unknown> => {
    const { at, knowledge, ...rest } = given;
    const many = Array.isArray(rows);
    const path = `/v1/${kind}/${encodeURIComponent(name)}`;
    const known = await types.of(path, rest);
    const text = await transport.send(
      {
        method: "POST",
        path,
        body: writeBody({ entities: many ? rows : [rows], at, knowledge }),
        repeat: kind === "features" ? "idempotent" : "once",
      },
      rest,
    );
    const { results } = parseAnswer(text, known) as { readonly results: unknown[] };
    const read = valueReader(known.features);
    const answers = results.map((one) =>
      kind === "features" ? features(one as ToldAnswer, read) : prediction(name, one as ToldPrediction, read),
    );
    return many ? answers : answers[0];
  };

  const client: Client = {
    ingest: (source, records, { idempotencyKey, wait, ...rest } = {}) =>
      post(
        `/v1/events/${encodeURIComponent(source)}`,
        records,
        {
          query: { wait },
          headers: { "idempotency-key": idempotencyKey },
          repeat: idempotencyKey === undefined ? "once" : "idempotent",
        },
        rest,
      ) as never,
    retract: (source, ids, { wait, ...rest } = {}) =>
      post(
        `/v1/events/${encodeURIComponent(source)}/retractions`,
        ids,
        { query: { wait }, repeat: "idempotent" },
        rest,
      ) as never,
    correct: (source, records, { wait, ...rest } = {}) =>
      post(
        `/v1/events/${encodeURIComponent(source)}/corrections`,
        records,
        { query: { wait }, repeat: "idempotent" },
        rest,
      ) as never,
    features: (service: string, rows: Rows, options: FeatureOptions = {}) =>
      asked("features", service, rows, options) as never,
    predict: (model: string, rows: Rows, options: CallOptions = {}) => asked("predict", model, rows, options) as never,
    explain: (feature, keys, { at, knowledge, ...rest } = {}) =>
      post("/v1/explain", { feature, keys, at, knowledge }, { repeat: "idempotent" }, rest),
    catalog: async (given) => (await report("/v1/catalog", {}, given))["definitions"] as never,
    status: (given) => report("/v1/status", {}, given) as never,
    runs: async ({ kind, limit, ...rest } = {}) => (await report("/v1/runs", { kind, limit }, rest))["runs"] as never,
    models: async (model, given) => (await report("/v1/models", { model }, given))["models"] as never,
    audit: (given) => report("/v1/audit", {}, given) as never,
    drift: async (given) => (await report("/v1/drift", {}, given))["models"] as never,
    forget: (entity, keys, { dryRun = false, ...rest } = {}) =>
      post(
        `/v1/forget/${encodeURIComponent(entity)}`,
        keys,
        { query: { dryRun: dryRun ? "true" : undefined }, repeat: "idempotent" },
        rest,
      ) as never,
    call: async ({ body, ...call }, given) => {
      const repeat = call.method === "GET" ? "idempotent" : "once";
      const text = await transport.send(
        { repeat, ...call, ...(body === undefined ? {} : { body: writeBody(body) }) },
        given,
      );
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    },
  };
  return client as unknown as Client<D>;
}

type Json = Record<string, unknown>;
type Kind = "features" | "predict";

/** An answer as its JSON has it: the moments are text. */
type ToldAnswer = Omit<FeatureAnswer, "t" | "knownAt" | "eventTimes"> & {
  readonly t: string;
  readonly knownAt?: string;
  readonly eventTimes: Readonly<Record<string, string | null>>;
};

type ToldPrediction = Omit<PredictionAnswer, "features" | "prediction"> & {
  readonly prediction: number | string;
  readonly features: ToldAnswer;
};

function features(told: ToldAnswer, read: (values: Json) => void): FeatureAnswer {
  read(told.values);
  const { t, knownAt, eventTimes, ...same } = told;
  const times = Object.entries(eventTimes).map(([alias, at]) => [alias, at === null ? null : microsOf(at)] as const);
  return {
    ...same,
    t: microsOf(t),
    ...(knownAt === undefined ? {} : { knownAt: microsOf(knownAt) }),
    eventTimes: Object.fromEntries(times),
  };
}

function prediction(model: string, told: ToldPrediction, read: (values: Json) => void): PredictionAnswer {
  const { prediction, features: answered, ...same } = told;
  return { ...same, model, prediction: Number(prediction), features: features(answered, read) };
}

/** @throws ASOF_ANSWER */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClientError("ASOF_ANSWER", "the answer is not JSON", { details: { answer: text.slice(0, 200) }, cause });
  }
}

/** How long, in milliseconds, types are taken as they were told. */
const TYPES_HOLD = 60_000;

/** What services and models take and give, asked of the server once in a while. */
class TypesOfServer {
  private readonly transport: Transport;
  private readonly known = new Map<string, { readonly until: number; readonly types: Promise<ServiceTypes> }>();

  constructor(transport: Transport) {
    this.transport = transport;
  }

  of(path: string, given: CallOptions): Promise<ServiceTypes> {
    const now = performance.now();
    const found = this.known.get(path);
    if (found !== undefined && found.until > now) return found.types;
    const types = this.transport
      .send({ method: "GET", path, repeat: "idempotent" }, given)
      .then((text) => json(text) as ServiceTypes);
    this.known.set(path, { until: now + TYPES_HOLD, types });
    types.catch(() => this.known.delete(path));
    return types;
  }
}
