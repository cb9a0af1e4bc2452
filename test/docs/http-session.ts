import { expect } from "vitest";
import { curlRequest } from "./curl.ts";
import { textOf } from "./pages.ts";

const page = "docs/http.md";

/** What docs/http.md asks for with curl, and the JSON that it shows as the answer, with `…` for what is left out. */
export const examples = [...textOf(page).matchAll(/```sh\n(curl [^`]*)```(?:\n\n```json\n([^`]*)```)?/g)].map(
  ({ 1: curl, 2: answer, index }) => ({
    ...curlRequest(curl),
    line: textOf(page).slice(0, index).split("\n").length,
    answer: answer ?? null,
  }),
);

export type Example = (typeof examples)[number];

/** Where the store of a test is another than the page's: what it refuses, or is asked for less of. */
interface Otherwise {
  readonly status?: number;
  readonly code?: string;
  readonly body?: string;
}

const OTHERWISE: readonly (readonly [starts: string, otherwise: Otherwise])[] = [
  // "Suppose that flights had an id": they have none.
  ["/v1/events/flights/retractions", { status: 409, code: "ASOF_NO_ID" }],
  ["/v1/events/flights/corrections", { status: 409, code: "ASOF_NO_ID" }],
  ["/write-to-online-store", { status: 404, code: "ASOF_UNKNOWN_VIEW" }],
  ["/v1/verify", { body: '{"minutes": 0.02}' }],
];

/** Asks for it; the answer has what the page shows, of the same types. */
export async function ask(url: string, example: Example): Promise<void> {
  const { path, method, headers } = example;
  const otherwise = OTHERWISE.find(([starts]) => path.startsWith(starts))?.[1] ?? {};
  const shown = example.answer === null ? null : (JSON.parse(example.answer.replace(/,?\s*…/g, "")) as unknown);
  const failure = (shown as { error?: { code: string } } | null)?.error;
  const stop = new AbortController();
  const response = await fetch(url + path, {
    method,
    // The keys that the page shows are of other stores; this one asks for none.
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization")),
    ...(example.body === null ? {} : { body: otherwise.body ?? example.body }),
    signal: stop.signal,
  });
  if (path === "/v1/live") {
    const { value } = await response.body!.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toMatch(/^retry: \d+\n\n/);
    return stop.abort();
  }
  const text = await response.text();
  expect([response.status, text.slice(0, 400)]).toEqual([
    otherwise.status ?? (failure === undefined ? 200 : 400),
    expect.stringContaining(otherwise.code ?? failure?.code ?? ""),
  ]);
  if (shown !== null && otherwise.code === undefined) expect(lacking(shown, JSON.parse(text), "")).toEqual([]);
}

/** What is named after the data, or after what was done last. */
const VARIES = /\.(details|standardErrors|features|differences)$/;

/** Where a value lacks what a shown one has, or has another type there. Null may stand for any. */
function lacking(shown: unknown, got: unknown, at: string): string[] {
  if (shown === null || got === null || VARIES.test(at)) return [];
  if (Array.isArray(shown)) {
    if (!Array.isArray(got)) return [`${at}: no list`];
    return shown.length === 0 || got.length === 0 ? [] : lacking(shown[0], got[0], `${at}[0]`);
  }
  if (typeof shown !== "object") return typeof shown === typeof got ? [] : [`${at}: ${typeof got}`];
  if (typeof got !== "object" || Array.isArray(got)) return [`${at}: no object`];
  return Object.entries(shown).flatMap(([name, value]) =>
    Object.hasOwn(got, name)
      ? lacking(value, (got as Record<string, unknown>)[name], `${at}.${name}`)
      : [`${at}.${name}: is not there`],
  );
}
