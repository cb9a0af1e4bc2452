import { describe } from "vitest";
import { behaviour } from "./online-store-behaviour.ts";
import { crashes, processes } from "./online-store-processes.ts";
import { scans } from "./online-store-scan.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";

export function onlineStoreConformance(subject: OnlineStoreUnderTest): void {
  describe(`online store ${subject.name}`, () => {
    behaviour(subject);
    scans(subject);
    processes(subject);
    crashes(subject);
  });
}
