import { AsofError } from "../errors.ts";

/**
 * By which knowledge a moment of the past is answered. "served": what serving knew then, which is what a model must be
 * trained on. "now": the truth in hindsight, with everything that has become known since, late records and corrections
 * among it.
 */
export type Knowledge = "served" | "now";

export const knowledges: readonly Knowledge[] = ["served", "now"];

/** Knowledge as a caller names it; undefined stands for "served". @throws ASOF_USAGE */
export function parseKnowledge(given: unknown): Knowledge {
  if (given === undefined) return "served";
  if (given === "served" || given === "now") return given;
  const found = typeof given === "string" ? JSON.stringify(given) : typeof given;
  throw new AsofError("ASOF_USAGE", `knowledge must be ${knowledges.join(" or ")}, not ${found}`, {
    option: "knowledge",
  });
}
