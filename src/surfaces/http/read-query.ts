import { AsofError } from "../../core/errors.ts";
import type { Route } from "./route.ts";

/** The query of a request: each of the route's parameters at most once, and no other. @throws ASOF_REQUEST */
export function readQuery({ path, query: declared }: Route, given: unknown): Readonly<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    const refuse = (why: string): never => {
      throw new AsofError("ASOF_REQUEST", `the query parameter ${name} ${why}`, { field: name });
    };
    if (!Object.hasOwn(declared, name)) return refuse(`is unknown to ${path}`);
    if (typeof value !== "string") return refuse("is given more than once");
    const allowed = declared[name].schema["enum"] as readonly unknown[] | undefined;
    if (allowed !== undefined && !allowed.includes(value))
      return refuse(`must be ${allowed.join(" or ")}, not ${value}`);
    query[name] = value;
  }
  return query;
}
