import { expect, test } from "vitest";
import { decodeMarker, encodeMarker } from "../../adapters/redis/marker.ts";
import type { AsofError } from "../errors.ts";
import { summaryFromJson, type SummaryData } from "../metrics/feature-summary.ts";
import { decodeManifest } from "./backup-manifest.ts";
import { decodeForgetting, decodeForgotten, decodeForgottenHere } from "./forgotten-keys.ts";
import { decodeLoad } from "./load-entry.ts";
import { decodeViews } from "./online-meta.ts";
import { count, listOf, mapOf, objectOf, optional, orNull, text } from "./shape.ts";
import { StreamSchemas } from "./stream-schemas.ts";

const corrupt = expect.objectContaining({ code: "ASOF_CORRUPT" }) as AsofError;
const bytes = (json: string): Uint8Array => new TextEncoder().encode(json);

test("a shape names the place that is otherwise", () => {
  const shape = objectOf({ name: text, files: listOf(objectOf({ rows: count })), more: optional(mapOf(orNull(text))) });
  const good = { name: "a", files: [{ rows: 0 }], more: { x: null } };
  expect(shape(good, "")).toBeNull();
  expect(shape({ ...good, other: 1, more: undefined }, "")).toBeNull();
  expect(shape({ ...good, name: 1 }, "")).toBe("name");
  expect(shape({ ...good, files: [{ rows: 1 }, { rows: -1 }] }, "")).toBe("files[1].rows");
  expect(shape({ ...good, more: { x: 1 } }, "")).toBe("more.x");
  expect(shape([], "")).toBe("");
  // What every object has by inheritance is not its own.
  expect(objectOf({ toString: optional(text) })({}, "")).toBeNull();
});

test.each([
  ["a load", (json: string) => decodeLoad(bytes(json)), '{"format":1,"stream":"s","files":[null]}'],
  ["a load's numbers", (json: string) => decodeLoad(bytes(json)), '{"format":1,"stream":"s","files":{"length":1e400}}'],
  ["the views", (json: string) => decodeViews(bytes(json)), '{"format":1,"version":1,"nextState":1,"views":[{}]}'],
  [
    "the list of forgotten keys",
    (json: string) => decodeForgotten(bytes(json)),
    '{"format":1,"secret":"zz","keys":[]}',
  ],
  ["the forgotten keys here", decodeForgottenHere, '{"format":1,"keys":{}}'],
  ["a key being forgotten", decodeForgetting, '{"format":1,"entity":"e","hash":"h","at":1,"values":"0g"}'],
  ["a manifest without files", (json: string) => decodeManifest(bytes(json)), '{"format":1,"takenAt":1,"digest":""}'],
  ["a format that is an object", (json: string) => decodeLoad(bytes(json)), '{"format":{"toString":1}}'],
  ["schemas", (json: string) => new StreamSchemas().restore(json), '{"aaaa":{"a":null}}'],
  ["a marker", (json: string) => decodeMarker(Buffer.from(json), "redis"), '{"format":1,"owner":{},"epoch":-1}'],
  [
    "a summary",
    (json: string) => summaryFromJson(JSON.parse(json) as SummaryData),
    '{"kind":"numbers","sketch":"é","nulls":0}',
  ],
])("%s of another shape is damage", (_what, read, json) => {
  expect(() => read(json)).toThrow(corrupt);
});

test("a marker is read as it was written", () => {
  const marker = { owner: "o", writer: "w", epoch: 0, commit: 3, replication: "", last: [1, 2] };
  expect(decodeMarker(encodeMarker(marker), "redis")).toMatchObject(marker);
});
