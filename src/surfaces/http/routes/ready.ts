import { AsofError } from "../../../core/errors.ts";
import { PUBLIC } from "../access/access.ts";
import type { Route, RouteContext } from "../route.ts";
import { objectOf } from "../schema.ts";

/** Whether the store can serve: it answers, and works by the present definitions. */
export function readyRoute({ store }: RouteContext): Route {
  return {
    method: "GET",
    path: "/ready",
    id: "getReady",
    access: PUBLIC,
    anywhere: true,
    summary: "Answers while the store is usable and its definitions are applied.",
    names: null,
    query: {},
    shapes: { body: null, answer: objectOf({ status: { const: "ready" } }) },
    errors: ["ASOF_NOT_READY"],
    async handle({ caller }) {
      const definitions = await store.catalog().catch((cause: unknown) => {
        throw new AsofError("ASOF_NOT_READY", "the store does not answer", {}, cause);
      });
      const missing = definitions.filter(({ applied }) => !applied).map(({ kind, name }) => `${kind} ${name}`);
      if (missing.length > 0 || definitions.length === 0)
        throw new AsofError(
          "ASOF_NOT_READY",
          "definitions are not applied: run `asof apply`",
          caller.isUnknown ? {} : { notApplied: missing },
        );
      return '{"status":"ready"}';
    },
  };
}
