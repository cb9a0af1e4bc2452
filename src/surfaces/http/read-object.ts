import { AsofError } from "../../core/errors.ts";
import type { Body } from "./body.ts";
import { parseJson } from "./json/parse-json.ts";

/**
 * The object that a body is, with no other members than these.
 * @throws ASOF_MEDIA_TYPE, ASOF_JSON, ASOF_REQUEST
 */
export function readObject<Name extends string>(
  { language, text }: Body,
  known: readonly Name[],
): Readonly<Partial<Record<Name, unknown>>> {
  if (language !== "json") throw new AsofError("ASOF_MEDIA_TYPE", "a request is application/json");
  const parsed = parseJson(text);
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed))
    throw new AsofError("ASOF_REQUEST", `the body must be an object, with ${known.join(", ")} or with nothing`);
  const extra = Object.keys(parsed).find((name) => !(known as readonly string[]).includes(name));
  if (extra !== undefined)
    throw new AsofError("ASOF_REQUEST", `the body has ${extra}, which is unknown here`, { field: extra });
  return parsed as Readonly<Partial<Record<Name, unknown>>>;
}

/** @throws ASOF_REQUEST where the value is no number from `least` to `most` */
export function numberIn(value: unknown, field: string, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new AsofError("ASOF_REQUEST", `\`${field}\` must be a number from ${least} to ${most}`, { field });
}

/** The names of `views` in a body; undefined where it is about all of them. @throws as `readObject` */
export function viewsIn(body: Body): readonly string[] | undefined {
  const { views } = readObject(body, ["views"]);
  if (views === undefined) return undefined;
  if (Array.isArray(views) && views.every((view) => typeof view === "string")) return views;
  throw new AsofError("ASOF_REQUEST", "`views` must be a list of names", { field: "views" });
}
