import type { CatalogEntry } from "../api/answers.ts";
import { useAnswer } from "../api/use-answer.ts";

/** Every definition. */
export function useCatalog() {
  return useAnswer<{ definitions: readonly CatalogEntry[] }>("/v1/catalog");
}
