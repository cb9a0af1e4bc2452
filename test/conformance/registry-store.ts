import { describe } from "vitest";
import { access } from "./registry-store-access.ts";
import { behaviour } from "./registry-store-behaviour.ts";
import { processes } from "./registry-store-processes.ts";
import type { RegistryStoreUnderTest } from "./registry-store-under-test.ts";

export function registryStoreConformance(subject: RegistryStoreUnderTest): void {
  describe(`registry store ${subject.name}`, () => {
    behaviour(subject);
    access(subject);
    processes(subject);
  });
}
