import { decodeDropped, type DroppedHistory, encodeDropped } from "../../src/core/codec/dropped-history.ts";
import {
  decodeForgetting,
  decodeForgotten,
  decodeForgottenHere,
  decodeKeyValues,
  encodeForgetting,
  encodeForgotten,
  encodeForgottenHere,
  encodeKeyValues,
  type ForgettingKey,
  type ForgottenHere,
  type ForgottenKeys,
  keyHasher,
} from "../../src/core/codec/forgotten-keys.ts";
import { type Fields, type Row, t } from "../../src/core/schema/data-type.ts";
import { bytesFormat, type GoldenFormat, newerJson } from "./golden-format.ts";

const secret = Array.from({ length: 32 }, (_, i) => (i * 8).toString(16).padStart(2, "0")).join("");
const at = 1_772_323_200_000_001;

interface Hashed {
  readonly keys: Fields;
  readonly values: Row;
}

const hashed: readonly Hashed[] = [
  { keys: { customer: t.string() }, values: { customer: "Zoë" } },
  { keys: { zone: t.string(), number: t.int64() }, values: { zone: "eu", number: -7n } },
];

/** The hash of a key must never change: a restored store is compared with it. */
const hashes = (secret: string, entities: readonly Hashed[]): string[] =>
  entities.map(({ keys, values }) => keyHasher({ kind: "entity", name: "entity", keys }, secret)(values));

const list = bytesFormat<ForgottenKeys & { readonly entities: readonly Hashed[] }>({
  name: "forgotten-list",
  version: 1,
  content: {
    secret,
    keys: hashes(secret, hashed).map((hash, i) => ({ entity: "entity", hash, at: at + i })),
    entities: hashed,
  },
  encode: ({ secret, keys }) => encodeForgotten({ secret, keys }),
  decode: (bytes, { entities }) => {
    const found = decodeForgotten(bytes);
    const again = hashes(found.secret, entities);
    return { ...found, keys: found.keys.map((key, i) => ({ ...key, hash: again[i] })), entities };
  },
  newer: newerJson,
});

const here = bytesFormat<readonly ForgottenHere[]>({
  name: "forgotten-note",
  version: 1,
  content: [{ entity: "entity", hash: "ab".repeat(32), at, sources: ["payments"], until: at + 5 }],
  encode: (keys) => Buffer.from(encodeForgottenHere(keys)),
  decode: (bytes) => decodeForgottenHere(Buffer.from(bytes).toString()),
  newer: newerJson,
});

const values: Row = { flag: true, number: 0.5, big: 2n ** 62n, at, name: "Zoë" };

const forgetting = bytesFormat<Omit<ForgettingKey, "values"> & { readonly values: Row }>({
  name: "forgetting-note",
  version: 1,
  content: {
    entity: "entity",
    hash: "ab".repeat(32),
    at,
    values,
    records: { payments: 5, "totals.0123abcd": 1 },
    rejected: 2,
    sources: ["payments"],
  },
  encode: (content) => Buffer.from(encodeForgetting({ ...content, values: encodeKeyValues(content.values) })),
  decode: (bytes) => {
    const found = decodeForgetting(Buffer.from(bytes).toString())!;
    return { ...found, values: decodeKeyValues(Object.keys(values), found.values!) };
  },
  newer: newerJson,
});

const dropped = bytesFormat<DroppedHistory>({
  name: "dropped-note",
  version: 1,
  content: {
    payments: { horizon: at - 1, identified: null, files: 3, rows: 70, bytes: 9000, at },
    clicks: { horizon: at - 1, identified: at - 1, files: 1, rows: 5, bytes: 700, at: at + 5 },
  },
  encode: (streams) => Buffer.from(encodeDropped(streams)),
  decode: (bytes) => decodeDropped(Buffer.from(bytes).toString()),
  newer: newerJson,
});

/** What is kept of what is gone: of keys that were forgotten, of days that were dropped. */
export const forgetFormats: readonly GoldenFormat[] = [list, here, forgetting, dropped];
