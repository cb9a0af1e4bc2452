import type { Configuration } from "../../configuration.ts";
import type { Tracing } from "./open-tracing.ts";

/** What a configuration wants traced; null where that is nothing, which then loads nothing. */
export async function tracingOf({ tracing }: Configuration, version: string): Promise<Tracing | null> {
  if (tracing === undefined) return null;
  const { openTracing } = await import("./open-tracing.ts");
  return openTracing(tracing, version);
}
