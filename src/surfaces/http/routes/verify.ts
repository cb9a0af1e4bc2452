import { AsofError } from "../../../core/errors.ts";
import { mediaTypes } from "../body.ts";
import { writeJson } from "../json/write-json.ts";
import { numberIn, readObject } from "../read-object.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, objectOf, text } from "../schema.ts";

const LEAST = 0.01;
const MOST = 60;

/** Proves on samples of the store that its answers are what its records say. */
export function verifyRoute({ verify, work }: RouteContext): Route {
  const minutes = { type: "number", minimum: LEAST, maximum: MOST, description: "for how long; 1 if absent" };
  return {
    method: "POST",
    path: "/v1/verify",
    id: "verify",
    unhurried: true,
    access: { scope: "admin" },
    summary:
      "Compares samples of what the store answers, live, as of the past and in training sets, with its records, and answers after so many minutes.",
    names: null,
    query: {},
    shapes: {
      body: { [mediaTypes.json]: objectOf({ minutes }, ["minutes"]) },
      answer: objectOf({
        seed: count,
        runs: count,
        records: { ...count, description: "that values were computed from anew" },
        compared: count,
        different: count,
        seconds: { type: "number" },
        notServed: { ...listOf(text), description: "services that are not in the online store" },
      }),
    },
    errors: ["ASOF_NOT_OFFERED", "ASOF_DIFFERENT", "ASOF_USAGE", "ASOF_JSON", "ASOF_REQUEST"],
    async handle({ body }) {
      const { minutes: given = 1 } = readObject(body, ["minutes"]);
      const asked = numberIn(given, "minutes", LEAST, MOST);
      if (verify === null)
        throw new AsofError("ASOF_NOT_OFFERED", "this server does not know the configuration of its store", {
          offeredBy: "asof serve",
        });
      const { failure: _, ...outcome } = await work.run("verify", () => verify(asked));
      return writeJson(outcome);
    },
  };
}
