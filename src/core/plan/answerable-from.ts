import type { DroppedDays } from "../codec/dropped-history.ts";
import { floorTo } from "../time/window.ts";
import type { Timestamp } from "../time/timestamp.ts";
import type { ServicePlan } from "./service-plan.ts";

/** From which event on the records of sources are all held. */
export type Horizons = Readonly<Record<string, Pick<DroppedDays, "horizon">>>;

/**
 * The first moment from which on no window of a service reaches back to what was dropped of its sources; null where
 * nothing was. Infinity where a window reaches back to the beginning.
 */
export function answerableFrom({ aggregates }: ServicePlan, dropped: Horizons): Timestamp | null {
  let first: Timestamp | null = null;
  for (const { source, layout } of aggregates) {
    const horizon = dropped[source.name]?.horizon;
    if (horizon === undefined) continue;
    for (const { length, hop, offset } of layout.levels.flatMap(({ windows }) => windows)) {
      const start = -floorTo(-horizon, hop);
      first = Math.max(first ?? -Infinity, length === null ? Infinity : start + offset + length);
    }
  }
  return first;
}
