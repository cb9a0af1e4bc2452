import { type DurationText, formatDuration } from "../../../core/time/duration.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../core/time/timestamp.ts";
import type { FeastView } from "./registry.ts";

/** A view's time to live in microseconds; 0 for ever. */
export function ttlOf({ ttl }: FeastView): number {
  return (ttl?.seconds ?? 0) * SECOND + Math.floor((ttl?.nanos ?? 0) / 1000);
}

const hops = [DAY, HOUR, 5 * MINUTE, MINUTE, 30 * SECOND, 15 * SECOND, 5 * SECOND, SECOND];

/** A window that ends no earlier than a time to live, and little later. */
export function windowOf(ttl: number): {
  readonly length: DurationText | "lifetime";
  readonly hop: DurationText | null;
} {
  const hop = hops.find((one) => ttl % one === 0 && one * 12 <= ttl);
  if (hop === undefined) return { length: "lifetime", hop: null };
  return { length: formatDuration(ttl), hop: formatDuration(hop) };
}
