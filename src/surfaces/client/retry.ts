import type { ClientError } from "./client-error.ts";

/** Milliseconds before the second attempt, at most; twice as many before each further one, up to a limit. */
const FIRST = 100;
const LONGEST = 5_000;

/**
 * What may be done again. "idempotent": what has the same effect twice as once. "once": what does not; it is done again
 * only where the server says that it took nothing.
 */
export type Repeat = "idempotent" | "once";

/** Statuses of what may succeed another time: the server's own, and those of what stands before it. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** Whether another attempt may help, and can do no harm. */
export function isRetryable({ code, status }: ClientError, repeat: Repeat): boolean {
  // 429: refused at once, and nothing of it taken.
  if (repeat === "once") return status === 429;
  if (status === null) return code === "ASOF_UNREACHABLE";
  return PASSING.has(status);
}

/**
 * Milliseconds to wait before attempt `attempt` (1 is the second). Drawn at random, so that clients that were refused
 * together do not come back together; never less than the server asks for.
 */
export function delayOf(attempt: number, retryAfter: number | null, random: () => number): number {
  const most = Math.min(LONGEST, FIRST * 2 ** (attempt - 1));
  return (retryAfter ?? 0) + random() * most;
}

/** Milliseconds of a Retry-After header, which has seconds or a date; null where it has neither. */
export function retryAfterOf(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
