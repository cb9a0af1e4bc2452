import { decodeBatchRows, encodeBatchRows } from "../../src/core/codec/batch-rows.ts";
import { ByteReader, ByteWriter } from "../../src/core/codec/bytes.ts";
import type { KeyedRequest } from "../../src/core/codec/keyed-request.ts";
import { decodeLoad, encodeLoad, type LoadEntry } from "../../src/core/codec/load-entry.ts";
import { blockKey, entityKeyEncoder, headKey, META_KEY, VIEWS_KEY } from "../../src/core/codec/online-keys.ts";
import {
  decodeMeta,
  decodeViews,
  encodeMeta,
  encodeViews,
  type OnlineMeta,
  type OnlineViews,
} from "../../src/core/codec/online-meta.ts";
import { decodeRecords, encodeRecords, headOfRecords } from "../../src/core/codec/record-batch.ts";
import { rowCodec } from "../../src/core/codec/row-codec.ts";
import { StreamSchemas } from "../../src/core/codec/stream-schemas.ts";
import { decodeWithdrawals, encodeWithdrawals, type Withdrawal } from "../../src/core/codec/withdrawals.ts";
import { fingerprint } from "../../src/core/definition/fingerprint.ts";
import { type Fields, type Row, t } from "../../src/core/schema/data-type.ts";
import { bytesFormat, type GoldenFormat, newerJson } from "./golden-format.ts";

/** A field of every type, present and absent. */
const fields: Fields = {
  text: t.string(),
  "maybe text": t.nullable(t.string()),
  flag: t.boolean(),
  "maybe flag": t.nullable(t.boolean()),
  small: t.int32(),
  "maybe small": t.nullable(t.int32()),
  big: t.int64(),
  "maybe big": t.nullable(t.int64()),
  number: t.float64({ nonFinite: true }),
  "maybe number": t.nullable(t.float64()),
  at: t.timestamp(),
  "maybe at": t.nullable(t.timestamp()),
};

const first: Row = {
  text: "",
  "maybe text": null,
  flag: false,
  "maybe flag": null,
  small: -(2 ** 31),
  "maybe small": null,
  big: -(2n ** 63n),
  "maybe big": null,
  number: Number.NaN,
  "maybe number": null,
  at: -1,
  "maybe at": null,
};

const second: Row = {
  text: "été 日本 𝔸",
  "maybe text": "x".repeat(200),
  flag: true,
  "maybe flag": false,
  small: 2 ** 31 - 1,
  "maybe small": 64,
  big: 2n ** 63n - 1n,
  "maybe big": 0n,
  number: -Infinity,
  "maybe number": 0.1,
  at: 1_772_323_200_000_001,
  "maybe at": 2 ** 53 - 1,
};

const schema = fingerprint(fields).slice(0, 16);

function encoded(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter();
  write(out);
  return out.finish();
}

const keyedRequest: KeyedRequest = { key: "order-é/1", count: 70_000, digest: "0123456789abcdef00000000ffffffff" };

interface Records {
  readonly schema: string;
  readonly fields: Fields;
  readonly records: readonly { readonly event: number; readonly row: Row }[];
  /** Since version 2, where a request with an idempotency key brought them. */
  readonly request?: KeyedRequest;
}

const records = bytesFormat<Records>({
  name: "records-entry",
  version: 2,
  content: {
    schema,
    fields,
    records: [
      { event: 1 - 2 ** 53, row: first },
      { event: 1_772_323_200_000_000, row: second },
    ],
    request: keyedRequest,
  },
  encode: (content) =>
    encoded((out) =>
      encodeRecords(out, content.schema, rowCodec(content.fields), content.records, content.request ?? null),
    ),
  decode: (bytes, { fields, records }) => {
    const { schema, request } = headOfRecords(new ByteReader(bytes));
    return {
      schema,
      fields,
      records: decodeRecords(new ByteReader(bytes), records.length, () => rowCodec(fields)),
      ...(request === null ? {} : { request }),
    };
  },
});

interface Withdrawals {
  readonly schema: string;
  readonly fields: Fields;
  readonly withdrawals: readonly Withdrawal[];
}

const withdrawals = bytesFormat<Withdrawals>({
  name: "withdrawals-entry",
  version: 1,
  content: {
    schema,
    fields,
    withdrawals: [
      { target: 0, origin: "stream", event: -5, available: 5, withdrawn: 6, row: first },
      { target: 2 ** 40, origin: "load", event: 1, available: 2, withdrawn: 2 ** 50, row: second },
      { target: 7, origin: "nowhere", event: 1, available: 3, withdrawn: 2, row: second },
    ],
  },
  encode: (content) =>
    encoded((out) => encodeWithdrawals(out, content.schema, rowCodec(content.fields), content.withdrawals)),
  decode: (bytes, { schema, fields, withdrawals }) => ({
    schema,
    fields,
    withdrawals: decodeWithdrawals(new ByteReader(bytes), withdrawals.length, (found) => {
      if (found !== schema) throw new Error(`the entry names the schema ${found}, not ${schema}`);
      return rowCodec(fields);
    }),
  }),
});

const load = bytesFormat<LoadEntry>({
  name: "load-entry",
  version: 1,
  content: {
    stream: "payments",
    files: [
      {
        path: "payments/day=2026-03-01/load-1-0.parquet",
        rows: 3,
        bytes: 1234,
        minEvent: -1,
        maxEvent: 1_772_323_200_000_000,
        minAvailable: 0,
        maxAvailable: 1_772_323_200_000_001,
      },
    ],
  },
  encode: encodeLoad,
  decode: decodeLoad,
  newer: newerJson,
});

const notes = bytesFormat<LoadEntry>({
  name: "load-entry-notes",
  version: 1,
  content: {
    stream: "payments",
    files: [],
    notes: {
      "loaded.payments...a/März 1.parquet": "1234 1772323200000000001",
      "table.payments.shop.public.payments": '{"column":"id","at":"9007199254740993"}',
    },
  },
  encode: encodeLoad,
  decode: decodeLoad,
  newer: newerJson,
});

interface Keys {
  readonly meta: Uint8Array;
  readonly views: Uint8Array;
  readonly entities: readonly {
    readonly keys: Fields;
    readonly values: Row;
    readonly entity: Uint8Array | null;
    readonly head: Uint8Array | null;
    readonly block: Uint8Array | null;
  }[];
}

function keysOf(keys: Fields, values: Row): Keys["entities"][number] {
  const entity = entityKeyEncoder(keys)((name) => values[name]);
  return {
    keys,
    values,
    entity,
    head: entity === null ? null : headKey(258, entity),
    block: entity === null ? null : blockKey(66_000, entity, 2, -3),
  };
}

function bytesOfKeys({ meta, views, entities }: Keys): Uint8Array {
  const parts = entities.flatMap(({ entity, head, block }) => [entity, head, block]);
  return Buffer.concat([meta, views, ...parts.filter((part) => part !== null)]);
}

const two = { zone: t.nullable(t.string()), account: t.int64() };

const keys = bytesFormat<Keys>({
  name: "online-keys",
  version: 1,
  content: {
    meta: META_KEY,
    views: VIEWS_KEY,
    entities: [
      keysOf({ user: t.string() }, { user: "ann" }),
      keysOf({ user: t.string() }, { user: "é".repeat(300) }),
      keysOf(two, { zone: "eu", account: -7n }),
      keysOf(two, { zone: null, account: 1n }),
      keysOf({ n: t.int32(), ok: t.boolean(), at: t.timestamp() }, { n: -1, ok: true, at: 5 }),
    ],
  },
  encode: bytesOfKeys,
  decode: (bytes, { entities }) => {
    const content = {
      meta: META_KEY,
      views: VIEWS_KEY,
      entities: entities.map(({ keys, values }) => keysOf(keys, values)),
    };
    if (!Buffer.from(bytesOfKeys(content)).equals(bytes)) throw new Error("the keys are others than those in the file");
    return content;
  },
  unversioned: "a key is compared, not decoded; another form of it is another format of the online store",
});

const meta = bytesFormat<OnlineMeta>({
  name: "online-meta",
  version: 1,
  content: { position: 2 ** 41, watermark: 1_772_323_200_000_001, views: 300 },
  encode: encodeMeta,
  decode: (bytes) => decodeMeta(bytes),
});

const views = bytesFormat<OnlineViews>({
  name: "online-views",
  version: 1,
  content: {
    version: 9,
    nextState: 5,
    views: [{ name: "spending", fingerprint: "0123456789abcdef0123456789abcdef", state: 3, loads: 12 }],
    building: [
      {
        name: "totals",
        fingerprint: "ffffffffffffffffffffffffffffffff",
        state: 4,
        loads: 13,
        t: 1_772_323_200_000_001,
        after: '{"user":"ann","n":{"int64":"5"}}',
      },
    ],
  },
  encode: encodeViews,
  decode: decodeViews,
  newer: newerJson,
});

interface BatchRows {
  readonly fields: Fields;
  readonly rows: readonly {
    readonly event: number;
    readonly available: number;
    readonly entry: number;
    readonly features: Row;
  }[];
}

const batchRows = bytesFormat<BatchRows>({
  name: "batch-rows",
  version: 1,
  content: {
    fields,
    rows: [
      { event: -5, available: 5, entry: 0, features: first },
      { event: 6, available: 2 ** 52, entry: 2 ** 33, features: second },
    ],
  },
  encode: ({ fields, rows }) => encoded((out) => encodeBatchRows(out, rowCodec(fields), rows)),
  decode: (bytes, { fields }) => ({ fields, rows: decodeBatchRows(new ByteReader(bytes), rowCodec(fields)) }),
});

const schemas = bytesFormat<{ readonly schema: string; readonly fields: Fields }>({
  name: "stream-schemas",
  version: 1,
  content: { schema, fields },
  encode: ({ schema, fields }) => {
    const schemas = new StreamSchemas();
    schemas.add({ name: "stream", schema, fields });
    return Buffer.from(JSON.stringify(schemas));
  },
  decode: (bytes, { schema }) => {
    const schemas = new StreamSchemas();
    schemas.restore(Buffer.from(bytes).toString());
    return { schema, fields: schemas.fieldsOf(schema) };
  },
  unversioned: "a note in the registry, whose version is this one's too",
});

/** Formats of single values: what codecs write and read. */
export const codecFormats: readonly GoldenFormat[] = [
  records,
  load,
  notes,
  withdrawals,
  keys,
  meta,
  views,
  batchRows,
  schemas,
];
