import { AsofError } from "../../../core/errors.ts";
import type { PromoteOptions } from "../../../core/result/serving-role.ts";
import { mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import { readObject } from "../read-object.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, objectOf, orNull, type Schema, text } from "../schema.ts";

const servingRoles = ["current", "canary", "shadow"] as const;
const trialRoles = ["canary", "shadow"] as const;

const share: Schema = { type: "number", exclusiveMinimum: 0, maximum: 1, description: "of a canary: of the keys" };

/** Makes a version of a model the one that predicts, a newer one or an older one again; or tries it out beside that. */
export function promoteRoute({ store }: RouteContext): Route {
  const asked = objectOf(
    { version: { ...count, minimum: 1 }, as: { enum: servingRoles, description: "`current` if absent" }, share },
    ["as", "share"],
  );
  const shapes = {
    body: { [mediaTypes.json]: asked },
    answer: objectOf({ model: text, version: count, role: { enum: servingRoles }, share: orNull(share) }),
  };
  return {
    method: "POST",
    path: "/v1/promote/{model}",
    id: "promote",
    access: { scope: "admin" },
    summary: "Makes a version of a model the one that predicts, or tries it out beside that.",
    names: { parameter: "model", kind: "model" },
    query: {},
    shapes,
    shapesOf: () => shapes,
    errors: [
      "ASOF_UNKNOWN_MODEL",
      "ASOF_UNKNOWN_MODEL_VERSION",
      "ASOF_MODEL_FIT",
      "ASOF_MODEL_ROLE",
      "ASOF_NO_MODEL",
      "ASOF_JSON",
      "ASOF_REQUEST",
    ],
    async handle({ name, body }) {
      const { version, as = "current", share = null } = readObject(body, ["version", "as", "share"]);
      if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
        throw refused("`version` must be a whole number from 1 on", "version");
      const role = oneOf(servingRoles, as, "as");
      await store.promote(name, version, optionsOf(role, share));
      return writeJson({ model: name, version, role, share });
    },
  };
}

/** Ends a trial. */
export function demoteRoute({ store }: RouteContext): Route {
  const shapes = {
    body: { [mediaTypes.json]: objectOf({ role: { enum: trialRoles } }) },
    answer: objectOf({ model: text, role: { enum: trialRoles } }),
  };
  return {
    method: "POST",
    path: "/v1/demote/{model}",
    id: "demote",
    access: { scope: "admin" },
    summary: "Ends the trial of a model's canary or shadow, if there is one.",
    names: { parameter: "model", kind: "model" },
    query: {},
    shapes,
    shapesOf: () => shapes,
    errors: ["ASOF_UNKNOWN_MODEL", "ASOF_JSON", "ASOF_REQUEST"],
    async handle({ name, body }) {
      const { role: given } = readObject(body, ["role"]);
      const role = oneOf(trialRoles, given, "role");
      await store.demote(name, role);
      return writeJson({ model: name, role });
    },
  };
}

function optionsOf(role: (typeof servingRoles)[number], share: unknown): PromoteOptions {
  if (role !== "canary") {
    if (share !== null) throw refused("only a canary has a `share`", "share");
    return { as: role };
  }
  if (typeof share === "number" && share > 0 && share <= 1) return { as: role, share };
  throw refused("a canary takes a `share` of the keys, above 0 and at most 1", "share");
}

function oneOf<T extends string>(known: readonly T[], given: unknown, field: string): T {
  const found = known.find((one) => one === given);
  if (found === undefined) throw refused(`\`${field}\` is one of ${known.join(", ")}`, field);
  return found;
}

function refused(message: string, field: string): AsofError {
  return new AsofError("ASOF_REQUEST", message, { field });
}
