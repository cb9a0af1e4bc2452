import { describe } from "vitest";
import { behaviour } from "./registry-store-behaviour.ts";
import { processes } from "./registry-store-processes.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

export function registryStoreConformance(subject: RegistryStoreUnderTest): void {
  describe(`registry store ${subject.name}`, () => {
    behaviour(subject);
    processes(subject);
  });
}
