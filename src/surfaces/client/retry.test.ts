import { expect, test } from "vitest";
import { errorTable } from "../../core/errors.ts";
import { ClientError, remedies } from "./client-error.ts";
import { delayOf, isRetryable, type Repeat, retryAfterOf } from "./retry.ts";

test("waits are drawn below a limit that doubles, and never end before the server asks for", () => {
  expect([1, 2, 3, 7, 50].map((attempt) => delayOf(attempt, null, () => 1))).toEqual([100, 200, 400, 5000, 5000]);
  expect(delayOf(1, 3000, () => 0)).toBe(3000);
  expect(delayOf(1, 3000, () => 1)).toBe(3100);
});

test("Retry-After is read as seconds or as a date", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(
    ["7", " 0 ", new Date(now + 2000).toUTCString(), "Thu, 01 Jan 1970 00:00:00 GMT", "soon", null].map((header) =>
      retryAfterOf(header, now),
    ),
  ).toEqual([7000, 0, 2000, 0, null, null]);
});

test.each<[status: number | null, code: string, repeat: Repeat, retryable: boolean]>([
  [503, "ASOF_BUSY", "idempotent", true],
  [429, "ASOF_QUEUE_FULL", "idempotent", true],
  [502, "ASOF_ANSWER", "idempotent", true],
  [null, "ASOF_UNREACHABLE", "idempotent", true],
  [400, "ASOF_TYPE", "idempotent", false],
  [500, "ASOF_INTERNAL", "idempotent", false],
  [409, "ASOF_ID_CONFLICT", "idempotent", false],
  [429, "ASOF_QUEUE_FULL", "once", true],
  [503, "ASOF_CLOSED", "once", false],
  [null, "ASOF_UNREACHABLE", "once", false],
])("%s %s of what is %s is retried: %s", (status, code, repeat, retryable) => {
  expect(isRetryable(new ClientError(code, "", { status }), repeat)).toBe(retryable);
});

test("what the client tells by itself is told as in the table of errors", () => {
  for (const [code, remedy] of Object.entries(remedies))
    expect(remedy).toBe(errorTable[code as keyof typeof remedies].remedy);
});
