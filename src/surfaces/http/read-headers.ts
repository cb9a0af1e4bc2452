import type { IncomingHttpHeaders } from "node:http";
import { AsofError } from "../../core/errors.ts";
import type { Route } from "./route.ts";

/** The headers that a route declares, each at most once. @throws ASOF_REQUEST */
export function readHeaders(
  { headers: declared = {} }: Route,
  given: IncomingHttpHeaders,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(declared)) {
    const value = given[name];
    if (value === undefined) continue;
    // Of headers that it does not know, Node joins several by a comma.
    if (typeof value !== "string" || value.includes(","))
      throw new AsofError("ASOF_REQUEST", `the header ${name} is given more than once, or holds a comma`, {
        header: name,
      });
    headers[name] = value;
  }
  return headers;
}
