import { describe } from "vitest";
import { behaviour } from "./event-log-behaviour.ts";
import { crashes } from "./event-log-crash.ts";
import { damage } from "./event-log-damage.ts";
import type { EventLogUnderTest } from "./event-log-under-test.ts";

export function eventLogConformance(subject: EventLogUnderTest): void {
  describe(`event log ${subject.name}`, () => {
    behaviour(subject);
    damage(subject);
    crashes(subject);
  });
}
