import { decodeJournal, encodeJournal } from "../../../src/adapters/redis/journal.ts";
import { decodeMarker, encodeMarker } from "../../../src/adapters/redis/marker.ts";
import { decodeBatchRows, encodeBatchRows, readVersionAt } from "../../../src/core/codec/batch-rows.ts";
import { ByteReader, ByteWriter } from "../../../src/core/codec/bytes.ts";
import {
  decodeIdentity,
  decodeIndexed,
  decodeStoredRequest,
  encodeIdentity,
  encodeIndexed,
  encodeStoredRequest,
} from "../../../src/core/codec/identity-codec.ts";
import { decodeMeta, encodeMeta } from "../../../src/core/codec/online-meta.ts";
import { decodeRecords, encodeRecords, headOfRecords } from "../../../src/core/codec/record-batch.ts";
import { decodeRetractions, encodeRetractions, positionsOf } from "../../../src/core/codec/retractions.ts";
import { rowCodec } from "../../../src/core/codec/row-codec.ts";
import { decodeTagged, encodeTagged } from "../../../src/core/codec/tagged-value.ts";
import { decodeWithdrawals, encodeWithdrawals } from "../../../src/core/codec/withdrawals.ts";
import type { Fields, Value } from "../../../src/core/schema/data-type.ts";
import type { OpenTarget, Sample, Target } from "../target.ts";
import { STORED } from "../target.ts";
import { type GoldenSample, goldenSamples } from "./golden-sample.ts";

/**
 * A codec of bytes: what it reads can be written again, and is then read as before. (Not always from the same bytes: a
 * NaN has many.)
 */
function codecTarget<S extends Sample>(
  name: string,
  samples: () => Promise<readonly S[]>,
  decode: (bytes: Uint8Array, sample: S) => ((out: ByteWriter) => void) | null,
): Target {
  return {
    name,
    syntax: "binary",
    refusals: STORED,
    batch: 5_000,
    weight: 4,
    open: async (): Promise<OpenTarget> => ({
      samples: await samples(),
      read(bytes, sample) {
        const write = decode(bytes, sample as S);
        if (write === null) return;
        const first = written(write);
        const again = written(decode(first, sample as S)!);
        if (!Buffer.from(again).equals(first)) throw new Error(`read ${hex(first)} and wrote ${hex(again)}`);
      },
    }),
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 200)).toString("hex");

const written = (write: (out: ByteWriter) => void): Uint8Array => {
  const out = new ByteWriter();
  write(out);
  return out.finish();
};

const records = codecTarget(
  "log-records",
  () => goldenSamples<{ fields: Fields; records: readonly unknown[] }>("records-entry"),
  (bytes, { content: { fields, records } }) => {
    const codec = rowCodec(fields);
    const { schema, request } = headOfRecords(new ByteReader(bytes));
    const found = decodeRecords(new ByteReader(bytes), records.length, () => codec);
    return (out) => encodeRecords(out, schema, codec, found, request);
  },
);

const withdrawals = codecTarget(
  "log-withdrawals",
  () => goldenSamples<{ schema: string; fields: Fields; withdrawals: readonly unknown[] }>("withdrawals-entry"),
  (bytes, { content: { fields, withdrawals } }) => {
    const codec = rowCodec(fields);
    let schema = "";
    const found = decodeWithdrawals(new ByteReader(bytes), withdrawals.length, (named) => {
      schema = named;
      return codec;
    });
    return (out) => encodeWithdrawals(out, schema, codec, found);
  },
);

const retractions = codecTarget(
  "log-retractions",
  async () => {
    const kinds = ["ids", "records", "waiting"].map((kind) =>
      goldenSamples<{ fields: Fields; id: readonly string[] }>(`retractions-entry-${kind}`),
    );
    return (await Promise.all(kinds)).flat();
  },
  (bytes, { content: { fields } }) => {
    const codec = rowCodec(fields);
    const found = decodeRetractions(new ByteReader(bytes), { fieldsOf: () => fields, codecOf: () => codec });
    positionsOf(found);
    // The names of the id are not given back: what was read of them is not written again.
    const { redo, waiting } = found;
    const names = Object.keys(waiting[0] ?? (redo?.what === "retract" ? redo.ids[0] : null) ?? {});
    return names.length === 0 ? null : (out) => encodeRetractions(out, "", codec, fields, names, found);
  },
);

const identities = codecTarget(
  "identities",
  async () => {
    const kinds = ["corrected", "live", "waiting"].map((kind) => goldenSamples(`identity-${kind}`));
    return (await Promise.all(kinds)).flat();
  },
  (bytes) => {
    const found = decodeIdentity(bytes);
    return (out) => encodeIdentity(out, found);
  },
);

const requests = codecTarget(
  "idempotency-requests",
  () => goldenSamples("idempotency-request"),
  (bytes) => {
    const found = decodeStoredRequest(bytes);
    return (out) => encodeStoredRequest(out, found);
  },
);

const indexed = codecTarget(
  "identity-position",
  () => goldenSamples("identity-position"),
  (bytes) => {
    const found = decodeIndexed(bytes);
    return (out) => encodeIndexed(out, found);
  },
);

const meta = codecTarget(
  "online-meta",
  () => goldenSamples("online-meta"),
  (bytes) => {
    const found = decodeMeta(bytes);
    return (out) => out.raw(encodeMeta(found));
  },
);

const batchRows = codecTarget(
  "batch-rows",
  () => goldenSamples<{ fields: Fields }>("batch-rows"),
  (bytes, { content: { fields } }: GoldenSample<{ fields: Fields }>) => {
    const codec = rowCodec(fields);
    const found = decodeBatchRows(new ByteReader(bytes), codec);
    readVersionAt(new ByteReader(bytes), codec, 2 ** 52);
    return (out) => encodeBatchRows(out, codec, found);
  },
);

const changes: readonly (readonly [Uint8Array, Uint8Array | null])[] = [
  [Uint8Array.of(0, 1), Uint8Array.of(1, 2, 3)],
  [Uint8Array.of(1, 0, 0, 0, 1, 0, 3, 97, 110, 110), new Uint8Array(60).fill(7)],
  [Uint8Array.of(1, 0, 0, 0, 1, 0, 3, 98, 111, 98), null],
];

const journal = codecTarget(
  "redis-journal",
  async () =>
    [changes, [], changes.slice(0, 1)].map((some, i) => ({
      name: `journal-${i}`,
      bytes: new Uint8Array(encodeJournal(2 ** 33 + i, some)),
    })),
  (bytes) => {
    const { commit, changes } = decodeJournal(bytes);
    return (out) => out.raw(encodeJournal(commit, changes));
  },
);

const tagged: readonly Value[] = [
  null,
  true,
  false,
  0,
  -1,
  2 ** 53 - 1,
  0.5,
  Number.NaN,
  -(2n ** 63n),
  "été \0 \u{1f600}",
];

const values = codecTarget(
  "tagged-values",
  async () => tagged.map((value) => ({ name: String(value), bytes: written((out) => encodeTagged(out, value)) })),
  (bytes) => {
    const input = new ByteReader(bytes);
    const value = decodeTagged(input);
    input.end();
    return (out) => encodeTagged(out, value);
  },
);

const marker = {
  owner: "a3f1",
  writer: "w-1",
  epoch: 3,
  commit: 2 ** 40,
  replication: "8371445ee67b42b1a4ba3bb6bf9ef36e5f7a9d5a",
  last: [1, 2, 3],
};

const markers: Target = {
  name: "redis-marker",
  syntax: "json",
  refusals: STORED,
  batch: 5_000,
  weight: 2,
  open: async () => ({
    samples: [{ name: "marker", bytes: new Uint8Array(encodeMarker(marker)) }],
    read(bytes) {
      const found = decodeMarker(Buffer.from(bytes), "redis at home");
      for (const name of ["owner", "writer", "replication"] as const)
        if (typeof found[name] !== "string") throw new Error(`a marker's ${name} is ${typeof found[name]}`);
      for (const number of [found.epoch, found.commit, ...(found.last ?? [])])
        if (!Number.isSafeInteger(number)) throw new Error(`a marker's number is ${String(number)}`);
    },
  }),
};

export const codecTargets: readonly Target[] = [
  records,
  withdrawals,
  retractions,
  identities,
  requests,
  indexed,
  meta,
  batchRows,
  journal,
  values,
  markers,
];
