import { ByteReader, ByteWriter } from "../../src/core/codec/bytes.ts";
import { idKeyEncoder } from "../../src/core/codec/id-key.ts";
import {
  decodeIdentity,
  decodeIndexed,
  decodeStoredRequest,
  encodeIdentity,
  encodeIndexed,
  encodeStoredRequest,
  type StoredRequest,
} from "../../src/core/codec/identity-codec.ts";
import { expiryKey, IDENTITIES_KEY, recordKey, requestKey } from "../../src/core/codec/identity-keys.ts";
import { entityKeyEncoder } from "../../src/core/codec/online-keys.ts";
import { decodeRetractions, encodeRetractions, type RetractionsEntry } from "../../src/core/codec/retractions.ts";
import { rowCodec } from "../../src/core/codec/row-codec.ts";
import type { Identity } from "../../src/core/identity/identity.ts";
import { type Fields, type Row, t } from "../../src/core/schema/data-type.ts";
import { bytesFormat, type GoldenFormat } from "./golden-format.ts";

function encoded(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter();
  write(out);
  return out.finish();
}

const digests = ["0123456789abcdef00000000ffffffff", "ffffffffffffffff0000000000000001"];
const at = 1_772_323_200_000_001;

const identity = (name: string, content: Identity): GoldenFormat =>
  bytesFormat<Identity>({
    name: `identity-${name}`,
    version: 1,
    content,
    encode: (content) => encoded((out) => encodeIdentity(out, content)),
    decode: (bytes) => {
      const found = decodeIdentity(bytes);
      return found.live === null ? found : { ...found, live: { ...found.live, row: found.live.row.slice() } };
    },
  });

const version = {
  position: 2 ** 41,
  event: -1,
  available: at,
  schema: "0123456789abcdef",
  row: Uint8Array.of(0, 1, 255),
};

const request = bytesFormat<StoredRequest>({
  name: "idempotency-request",
  version: 1,
  content: { expires: at, count: 70_000, digest: digests[0], position: 2 ** 41, stamp: at - 5 },
  encode: (content) => encoded((out) => encodeStoredRequest(out, content)),
  decode: (bytes) => decodeStoredRequest(bytes),
});

const indexed = bytesFormat<number>({
  name: "identity-position",
  version: 1,
  content: 2 ** 41 + 1,
  encode: (position) => encoded((out) => encodeIndexed(out, position)),
  decode: (bytes) => decodeIndexed(bytes),
});

interface IdKeys {
  readonly fields: Fields;
  readonly ids: readonly Row[];
  readonly keys: readonly Uint8Array[];
}

const idFields: Fields = {
  text: t.string(),
  flag: t.boolean(),
  small: t.int32(),
  big: t.int64(),
  number: t.float64(),
  at: t.timestamp(),
};

const ids: readonly Row[] = [
  { text: "", flag: false, small: -1, big: -(2n ** 63n), number: -0.5, at: -1 },
  { text: "a\0é 日本", flag: true, small: 2 ** 31 - 1, big: 2n ** 62n, number: 1e300, at },
  // Longer than a key may be.
  { text: "é".repeat(300), flag: true, small: 0, big: 0n, number: 0, at: 0 },
];

function keysOf(fields: Fields, rows: readonly Row[]): Uint8Array[] {
  const encode = idKeyEncoder(fields);
  const asked = requestKey(
    "payments",
    entityKeyEncoder({ key: t.string() })(() => "order-é/1")!,
  );
  return [IDENTITIES_KEY, ...rows.map((row) => recordKey("payments", encode(row))), asked, expiryKey(at, asked)];
}

const keys = bytesFormat<IdKeys>({
  name: "identity-keys",
  version: 1,
  content: { fields: idFields, ids, keys: keysOf(idFields, ids) },
  encode: ({ keys }) => Buffer.concat(keys),
  decode: (bytes, { fields, ids }) => {
    const found = keysOf(fields, ids);
    if (!Buffer.concat(found).equals(bytes)) throw new Error("the keys are others than those in the file");
    return { fields, ids, keys: found };
  },
  unversioned: "a key is compared, not decoded; another form of it is another format of the online store",
});

interface Retractions {
  readonly schema: string;
  readonly fields: Fields;
  readonly id: readonly string[];
  readonly entry: RetractionsEntry;
}

const fields: Fields = { number: t.int64(), shop: t.string(), amount: t.nullable(t.float64()) };
const rows: readonly Row[] = [
  { number: 1n, shop: "eu", amount: null },
  { number: -(2n ** 63n), shop: "日本", amount: 0.5 },
];
const named = rows.map(({ shop, number }) => ({ shop, number }));

const retractions = (name: string, entry: RetractionsEntry): GoldenFormat =>
  bytesFormat<Retractions>({
    name: `retractions-entry-${name}`,
    version: 1,
    content: { schema: "0123456789abcdef", fields, id: ["shop", "number"], entry },
    encode: ({ schema, fields, id, entry }) =>
      encoded((out) => encodeRetractions(out, schema, rowCodec(fields), fields, id, entry)),
    decode: (bytes, { schema, fields, id }) => ({
      schema,
      fields,
      id,
      entry: decodeRetractions(new ByteReader(bytes), { fieldsOf: () => fields, codecOf: () => rowCodec(fields) }),
    }),
  });

const keyed = { key: "order-é/1", count: 70_000, digest: digests[0] };

/** What is known of records by their ids, and the retractions that wait in the log. */
export const identityFormats: readonly GoldenFormat[] = [
  identity("live", { live: { ...version, origin: "stream" }, past: [], waiting: null }),
  identity("corrected", { live: { ...version, origin: "load" }, past: digests, waiting: at }),
  identity("waiting", { live: null, past: [], waiting: -5 }),
  request,
  indexed,
  keys,
  retractions("waiting", { waiting: named, follow: 0, request: null, redo: null }),
  retractions("ids", { waiting: [], follow: 3, request: null, redo: { what: "retract", ids: named } }),
  retractions("records", {
    waiting: named.slice(1),
    follow: 300,
    request: keyed,
    redo: { what: "correct", records: rows.map((row, i) => ({ event: i - 1, row })) },
  }),
];
