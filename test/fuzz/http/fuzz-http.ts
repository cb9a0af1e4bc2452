import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { errorTable } from "../../../src/core/errors.ts";
import { serve } from "../../../src/surfaces/http/serve.ts";
import { openFuzzStore, plantWitness, witnessed } from "./fuzz-store.ts";
import { type Outcome, RawClient } from "./raw-client.ts";
import { bytesOf, type Request, requestArbitrary, shown } from "./requests.ts";
import type { OpenApi } from "./schema-arbitrary.ts";

export interface HttpFinding {
  readonly error: string;
  /** The request in base64; null where no single one did it. */
  readonly request: string | null;
}

export interface HttpReport {
  readonly cases: number;
  readonly findings: readonly HttpFinding[];
  /** Answers by their status; connections closed without one under 0. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly operations: number;
  readonly megabytes: number;
}

/** A server that takes a request this long, and is not waiting for the rest of it, hangs. */
const PATIENCE = 30_000;
/** What the server waits for a request of which not all comes. */
const REQUEST_TIMEOUT = 500;
/** Memory beyond what the process had when the requests began. */
const MEGABYTES = 1_024;

/**
 * Sends requests, made from the document that the server itself gives, to a real server over a real store: no answer
 * of 500 or above, none that is not what it says it is, no hang; and afterwards, and once it is opened again, the
 * store says what it said before of records that nobody touched, and live what it says as of the same moment.
 */
export async function fuzzHttp(options: {
  readonly seed: number;
  readonly cases: number;
  readonly milliseconds: number;
}): Promise<HttpReport> {
  const fuzzed = await openFuzzStore();
  const findings: HttpFinding[] = [];
  const found = (error: string, request: string | null = null): void => void findings.push({ error, request });
  const faults: string[] = [];
  const statuses: Record<number, number> = {};
  const onFault = (error: unknown): void => found(`unhandled: ${String((error as Error)?.stack ?? error)}`);
  process.on("uncaughtException", onFault);
  process.on("unhandledRejection", onFault);
  let cases = 0;
  let operations = 0;
  let megabytes = 0;
  try {
    const before = await plantWitness(fuzzed);
    const server = await serve(fuzzed.store, {
      port: 0,
      bodyLimit: 300_000,
      requestTimeout: REQUEST_TIMEOUT,
      logStream: { write: (line) => void faults.push(line) },
    });
    const client = new RawClient(Number(new URL(server.url).port), PATIENCE);
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi;
    operations = Object.keys(document.paths).length;
    const rss = process.memoryUsage.rss();
    const until = performance.now() + options.milliseconds;
    const property = fc.asyncProperty(requestArbitrary(document), async (request) => {
      faults.length = 0;
      const outcome = await client.send(bytesOf(request), request.method === "HEAD");
      // What is left of a request whose length was a lie would be the next one's beginning.
      if (request.declared !== undefined || request.headers.some(([name]) => name === "transfer-encoding"))
        client.close();
      cases++;
      const status = typeof outcome === "string" ? 0 : outcome.status;
      statuses[status] = (statuses[status] ?? 0) + 1;
      megabytes = Math.max(megabytes, (process.memoryUsage.rss() - rss) / 2 ** 20);
      const fault = faultOf(request, outcome);
      if (fault !== null) throw new Error(`${fault}\n${faults.join("")}`);
      if (megabytes > MEGABYTES) throw new Error(`the process grew by ${Math.round(megabytes)} MB`);
    });
    // Found one by one, so that a long run goes on behind the first.
    for (let round = 0; cases < options.cases && performance.now() < until && findings.length < 20; round++) {
      const result = await fc.check(property, {
        seed: options.seed + round,
        numRuns: Math.min(500, options.cases - cases),
        interruptAfterTimeLimit: Math.max(1, until - performance.now()),
        endOnFailure: false,
      });
      if (result.failed && result.counterexample !== null)
        found(
          `${String(result.errorInstance)}\n${shown(result.counterexample[0])}`,
          Buffer.from(bytesOf(result.counterexample[0])).toString("base64"),
        );
    }
    client.close();
    await server.close();
    const after = await witnessed(fuzzed.store);
    if (!isDeepStrictEqual(after, before)) found(`the witness changed: ${text(before)} became ${text(after)}`);
    for (const error of await skew(fuzzed.store)) found(error);
    const again = await witnessed(await fuzzed.reopen());
    if (!isDeepStrictEqual(again, before)) found(`opened again, the witness is ${text(again)}, not ${text(before)}`);
  } finally {
    process.off("uncaughtException", onFault);
    process.off("unhandledRejection", onFault);
    await fuzzed.remove();
  }
  return { cases, findings, statuses, operations, megabytes };
}

/** What is wrong with an answer. */
function faultOf({ method, declared, headers }: Request, outcome: Outcome): string | null {
  const isPartial = (declared ?? 0) > 0 || headers.some(([name]) => name === "transfer-encoding");
  if (outcome === "silent") return "no answer";
  if (outcome === "closed") return isPartial ? null : "the connection was closed without an answer";
  const { status, headers: told, body } = outcome;
  if (!(status >= 200 && status < 500)) return `answered ${status}: ${body.toString("utf8").slice(0, 500)}`;
  if (method === "HEAD" || !(told.get("content-type") ?? "").startsWith("application/json")) return null;
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch {
    return `answered ${status} with what is no JSON: ${body.toString("utf8").slice(0, 500)}`;
  }
  const { code } = (answer as { error?: { code?: string } } | null)?.error ?? {};
  if (status >= 400 && code !== undefined && !Object.hasOwn(errorTable, code)) return `answered ${status} with ${code}`;
  return null;
}

/** Live answers that are not those as of the same moment. */
async function skew(store: Awaited<ReturnType<typeof openFuzzStore>>["store"]): Promise<string[]> {
  const rows = ["", "a", "ann", "é", "\u{1f600}", "\0", "hasty-0", "calm-1"].map((customer) => ({ customer }));
  const live = await store.features("fraud_features", rows);
  const past = await store.features("fraud_features", rows, { at: live[0].t });
  return live.flatMap(({ values }, i) =>
    isDeepStrictEqual(values, past[i].values)
      ? []
      : [
          `customer ${JSON.stringify(rows[i].customer)}: live ${text(values)}, as of the same moment ${text(past[i].values)}`,
        ],
  );
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? `${one}n` : one));
}

/** Sends a request that was found to a server over a new store; tells what is wrong with the answer, or null. */
export async function replayRequest(request: Uint8Array): Promise<string | null> {
  const fuzzed = await openFuzzStore();
  try {
    const server = await serve(fuzzed.store, { port: 0, bodyLimit: 300_000, requestTimeout: REQUEST_TIMEOUT });
    const client = new RawClient(Number(new URL(server.url).port), PATIENCE);
    const method = Buffer.from(request.subarray(0, 20)).toString("latin1").split(" ", 1)[0];
    const outcome = await client.send(request, method === "HEAD");
    client.close();
    await server.close();
    return faultOf({ method, path: "", headers: [], body: null }, outcome);
  } finally {
    await fuzzed.remove();
  }
}
