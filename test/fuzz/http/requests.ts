import fc from "fast-check";
import { Random } from "../../../src/surfaces/verify/random.ts";
import { mutateText } from "../mutate-json.ts";
import { jsonOf, type OpenApi, operationsOf, type Operation } from "./schema-arbitrary.ts";

/** A request as it goes over the wire. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | null;
  /** The body's length as the header says it, where that is another. */
  readonly declared?: number;
}

export function bytesOf({ method, path, headers, body, declared }: Request): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (body !== null) lines.push(`content-length: ${declared ?? body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? new Uint8Array(0)]);
}

export function shown(request: Request): string {
  const { method, path, headers, body, declared } = request;
  const text = body === null ? "" : Buffer.from(body.subarray(0, 2000)).toString("utf8");
  const length = declared === undefined ? "" : ` (said to be ${declared} bytes)`;
  return `${method} ${path} ${JSON.stringify(headers)}${length}\n${text}`;
}

const ODD_TEXT = [
  "",
  "\0",
  "a\0b",
  "__proto__",
  "constructor",
  "toString",
  "%",
  "%00",
  "%2e%2e%2f",
  "%ff",
  "%ed%a0%80",
  "..",
  "é",
  "'; DROP TABLE x; --",
  "9".repeat(400),
  "x".repeat(3000),
  "NaN",
  "-1",
  "1e400",
  "2026-02-30",
  "+275760-09-13T00:00:00Z",
  "9007199254740993",
  "-0",
  "true",
  "*",
];

const oddText = fc.oneof(fc.constantFrom(...ODD_TEXT), fc.string({ maxLength: 12 }));

/** What a path, a query or a header may carry of any text: without what would end it. */
const inLine = (text: string): string => text.replaceAll(/[\r\n \0]/g, "_");
const inPath = (text: string): string =>
  inLine(text).replaceAll(/[^\u0021-\u00ff]/g, (character) => encodeURIComponent(character.toWellFormed()));

const TYPES = [
  "application/json",
  "application/x-ndjson",
  "application/json; charset=utf-8",
  "application/json; charset=utf-16",
  "application/json;charset=",
  "text/plain",
  "multipart/form-data; boundary=x",
  "application/x-www-form-urlencoded",
  "APPLICATION/JSON",
  "application/json, application/json",
  ";",
  "",
];

const oddHeader = fc.oneof(
  fc.constantFrom<readonly [string, string]>(
    ["accept", "application/vnd.apache.arrow.stream"],
    ["accept", "*/*;q=0, ,;"],
    ["accept-encoding", "gzip"],
    ["content-encoding", "gzip"],
    ["content-encoding", "identity"],
    ["idempotency-key", ""],
    ["idempotency-key", "a,b"],
    ["idempotency-key", "k\u00e9y"],
    ["idempotency-key", "k".repeat(256)],
    ["expect", "100-continue"],
    ["range", "bytes=0-"],
    ["x-request-id", "a".repeat(2000)],
    ["x-http-method-override", "DELETE"],
    ["cookie", "__proto__=1"],
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    ["host", "elsewhere.example"],
    ["authorization", "Bearer "],
    ["__proto__", "1"],
    ["if-none-match", "*"],
  ),
  fc.tuple(fc.constantFrom("x-odd", "idempotency-key", "accept", "prefer"), oddText.map(inLine)),
);

/** Bodies by the operation's own schema, and what comes of them where they are changed. */
function bodyArbitrary(
  operation: Operation,
): fc.Arbitrary<{ readonly body: Uint8Array | null; readonly type: string }> {
  const schemas = Object.entries(operation.bodies);
  if (schemas.length === 0) return fc.constant({ body: null, type: "" });
  const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));
  const texts = fc.constantFrom(...schemas).chain(([type, schema]) => {
    const one = jsonOf(schema, operation.components);
    const text = type.includes("ndjson")
      ? fc.array(one, { minLength: 1, maxLength: 4 }).map((all) => all.join("\n"))
      : one;
    return text.map((text) => ({ type, text }));
  });
  const changed = fc.tuple(texts, fc.nat(), fc.integer({ min: 1, max: 3 })).map(([{ type, text }, seed, times]) => {
    const random = new Random(seed);
    let made = text;
    for (let i = 0; i < times; i++)
      made = made
        .split("\n")
        .map((line) => (random.chance(0.7) ? mutateText(random, line) : line))
        .join("\n");
    return { type, body: utf8(made) };
  });
  return fc.oneof(
    { weight: 3, arbitrary: texts.map(({ type, text }) => ({ type, body: utf8(text) })) },
    { weight: 6, arbitrary: changed },
    // Bytes broken anywhere: UTF-8, quotes, lines.
    {
      weight: 2,
      arbitrary: fc.tuple(texts, fc.nat(), fc.nat(255)).map(([{ type, text }, at, byte]) => {
        const body = utf8(text);
        if (body.length > 0) body[at % body.length] = byte;
        return { type, body };
      }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(texts, fc.constantFrom(...TYPES)).map(([{ text }, type]) => ({ type, body: utf8(text) })),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((body) => ({ type: schemas[0][0], body })) },
  );
}

function pathArbitrary(operation: Operation): fc.Arbitrary<string> {
  const named = fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: oddText.map(inPath) });
  const query = fc.array(
    fc.tuple(
      operation.query.length === 0 ? fc.constant("odd") : fc.constantFrom(...operation.query.map(({ name }) => name)),
      fc.nat(operation.query.length),
      fc.oneof(fc.constant(null), oddText),
    ),
    { maxLength: 3 },
  );
  return fc
    .tuple(
      named,
      query,
      ...operation.query.map(({ schema }) =>
        jsonOf(schema, operation.components).map((text) => text.replaceAll(/^"|"$/g, "")),
      ),
    )
    .map(([odd, pairs, ...valid]) => {
      const path = operation.path.replaceAll(/\{[^}]*\}/g, odd ?? "payments");
      const parts = pairs.map(([name, i, value]) => {
        const at = operation.query.findIndex((one) => one.name === name);
        return `${inPath(name)}=${inPath(value ?? valid[at] ?? String(i))}`;
      });
      return parts.length === 0 ? path : `${path}?${parts.join("&")}`;
    });
}

/** Requests of all operations that a document describes, by their schemas or not quite. */
export function requestArbitrary(document: OpenApi): fc.Arbitrary<Request> {
  const operations = operationsOf(document);
  // What rebuilds or computes takes long; it comes now and then.
  const isSlow = ({ path }: Operation): boolean => /forget|materialize/.test(path);
  const pick = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...operations.filter((one) => !isSlow(one))) },
    { weight: 1, arbitrary: fc.constantFrom(...operations.filter(isSlow)) },
  );
  const stray = fc.oneof(
    { weight: 40, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "PROPFIND"),
    },
  );
  return pick.chain((operation) =>
    fc
      .tuple(
        stray,
        pathArbitrary(operation),
        bodyArbitrary(operation),
        fc.array(oddHeader, { maxLength: 2 }),
        fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, -1, 1e6) }),
      )
      .map(([method, path, { body, type }, odd, off]): Request => {
        const headers: (readonly [string, string])[] = odd.some(([name]) => name === "host")
          ? []
          : [["host", "localhost"]];
        if (body !== null) headers.push(["content-type", type]);
        headers.push(...odd.filter(([name]) => body !== null || name !== "transfer-encoding"));
        const request = { method: method ?? operation.method, path, headers, body };
        return off === 0 || body === null ? request : { ...request, declared: Math.max(0, body.length + off) };
      }),
  );
}
