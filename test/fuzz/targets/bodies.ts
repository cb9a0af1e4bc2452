import { fieldsOf as protobufFields } from "../../../src/core/codec/protobuf-field.ts";
import { collectionText, parseCollection } from "../../../src/core/codec/collection-text.ts";
import { canonicalize } from "../../../src/core/codec/canonicalize.ts";
import { rowCodec } from "../../../src/core/codec/row-codec.ts";
import { ByteReader, ByteWriter } from "../../../src/core/codec/bytes.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { CollectionType } from "../../../src/core/aggregation/feature-type.ts";
import { type Fields, t, type Value } from "../../../src/core/schema/data-type.ts";
import { readBody } from "../../../src/surfaces/http/body.ts";
import { readRecords } from "../../../src/surfaces/http/read-records.ts";
import { readRequest } from "../../../src/surfaces/http/read-request.ts";
import { rowReader } from "../../../src/surfaces/http/row-reader.ts";
import { formatTimestamp, parseTimestamp } from "../../../src/core/time/timestamp.ts";
import type { Sample, Target } from "../target.ts";
import { STORED } from "../target.ts";

const REFUSED: readonly ErrorCode[] = [
  "ASOF_JSON",
  "ASOF_REQUEST",
  "ASOF_EMPTY",
  "ASOF_TYPE",
  "ASOF_TIMESTAMP",
  "ASOF_NOT_FINITE",
  "ASOF_OVERFLOW",
  "ASOF_STRING",
  "ASOF_MISSING_FIELD",
];

const fields: Fields = {
  at: t.timestamp(),
  customer: t.string(),
  amount: t.float64(),
  cents: t.int64(),
  points: t.nullable(t.int32()),
  ratio: t.nullable(t.float64({ nonFinite: true })),
  refund: t.boolean(),
};
const codec = rowCodec(fields);

const record =
  '{"at":"2026-03-01T10:00:00.000001+01:00","customer":"été \\u0000","amount":-0.5,"cents":9223372036854775807,"points":null,"ratio":"NaN","refund":true}';
const other = '{"at":1772323200000000,"customer":"","amount":1e3,"cents":"-7","points":3,"ratio":0.1,"refund":false}';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));

/** A row as ingest takes it: canonical, written, and read back as it was. */
function taken(row: Readonly<Record<string, unknown>>): void {
  const canonical: Record<string, Value> = {};
  for (const [name, type] of Object.entries(fields)) canonical[name] = canonicalize(type, row[name] ?? null, name);
  const out = new ByteWriter();
  codec.encode(out, canonical);
  const again = codec.decode(new ByteReader(out.finish()));
  if (!codec.equals(again, canonical)) throw new Error("a row is not read as it was written");
  if (canonical["at"] !== null && parseTimestamp(formatTimestamp(canonical["at"] as number)) !== canonical["at"])
    throw new Error(`a timestamp ${String(canonical["at"])} is not read as it is written`);
}

function bodyTarget(name: string, language: "json" | "ndjson", samples: readonly string[], weight: number): Target {
  const type = language === "json" ? "application/json" : "application/x-ndjson";
  return {
    name,
    syntax: language,
    refusals: REFUSED,
    batch: 2_000,
    weight,
    open: async () => ({
      samples: samples.map((text, i): Sample => ({ name: `${name} ${i}`, bytes: bytes(text) })),
      read(bytes) {
        const body = readBody(language, Buffer.from(bytes), type, undefined);
        for (const row of readRecords(body, rowReader(fields))) taken(row);
      },
    }),
  };
}

const requests: Target = {
  name: "http-requests",
  syntax: "json",
  refusals: REFUSED,
  batch: 2_000,
  weight: 2,
  open: async () => ({
    samples: [
      '{"entities":[{"customer":"ann"},{"customer":"bob"}],"request":[{"amount":1},{"cents":9223372036854775807}]}',
      '{"entities":[{"customer":"é"}],"at":"2026-03-01T00:00:00Z","knowledge":"now"}',
    ].map((text, i) => ({ name: `request ${i}`, bytes: bytes(text) })),
    read(given) {
      const body = readBody("json", Buffer.from(given), "application/json", undefined);
      readRequest(body, rowReader(fields), 1000, true);
    },
  }),
};

const collections: readonly (readonly [CollectionType, Parameters<typeof collectionText>[1]])[] = [
  [{ kind: "list", of: t.nullable(t.int64()), nullable: false }, [1n, null, -(2n ** 63n)]],
  [{ kind: "list", of: t.string(), nullable: false }, ["a", "\0", '"\\']],
  [{ kind: "list", of: t.timestamp(), nullable: false }, [0, -1]],
  [{ kind: "list", of: t.float64({ nonFinite: true }), nullable: true }, [0.5, Number.NaN, Infinity]],
  [
    { kind: "map", key: t.string(), of: t.nullable(t.int64()), nullable: true },
    { a: 1n, 'b:"\\': null },
  ],
  [
    { kind: "counts", of: t.string(), nullable: true },
    { a: 1, "1": 2 },
  ],
] as const;

const collectionTexts: Target = {
  name: "collection-text",
  syntax: "json",
  refusals: STORED,
  batch: 2_000,
  weight: 2,
  open: async () => ({
    samples: collections.map(([type, value], i) => ({ name: String(i), bytes: bytes(collectionText(type, value)) })),
    read(given, { name }) {
      const [type] = collections[Number(name)];
      const value = parseCollection(type, Buffer.from(given).toString("utf8"));
      if (value === null) throw new Error("a collection is null");
      const text = collectionText(type, value as never);
      if (collectionText(type, parseCollection(type, text) as never) !== text)
        throw new Error(`${text} is read otherwise`);
    },
  }),
};

const messages: Target = {
  name: "protobuf",
  syntax: "binary",
  refusals: STORED,
  batch: 5_000,
  weight: 1,
  open: async () => ({
    samples: [
      {
        name: "message",
        bytes: Uint8Array.of(
          8,
          150,
          1,
          18,
          7,
          116,
          101,
          115,
          116,
          105,
          110,
          103,
          29,
          1,
          2,
          3,
          4,
          33,
          1,
          2,
          3,
          4,
          5,
          6,
          7,
          8,
        ),
      },
    ],
    read: (given) => protobufFields(given),
  }),
};

export const bodyTargets: readonly Target[] = [
  bodyTarget("ndjson-bodies", "ndjson", [`${record}\n${other}\n`, other], 4),
  bodyTarget("json-bodies", "json", [record, `[${record}, ${other}]`], 3),
  requests,
  collectionTexts,
  messages,
];
