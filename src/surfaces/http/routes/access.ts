import { narrowableKinds, scopes } from "../../../core/access/grant.ts";
import { KNOWN } from "../access/access.ts";
import { local } from "../access/caller.ts";
import { writeJson } from "../json/write-json.ts";
import type { Route } from "../route.ts";
import { flag, listOf, objectOf, orNull, text } from "../schema.ts";

/** Who asks, and what he may do: what a program offers to a person depends on that. */
export function accessRoute(): Route {
  const only = objectOf(Object.fromEntries(narrowableKinds.map((kind) => [kind, listOf(text)])), narrowableKinds);
  return {
    method: "GET",
    path: "/v1/access",
    id: "getAccess",
    access: KNOWN,
    anywhere: true,
    summary: "Tells who asks, and what the credentials are for.",
    names: null,
    query: {},
    shapes: {
      body: null,
      answer: objectOf({
        who: { ...text, description: "as the audit trail has it: `key:<id>`, `oidc:<subject>`, or `local`" },
        name: { ...orNull(text), description: "what the key is called" },
        credentials: { ...flag, description: "whether the server asks for credentials" },
        grants: listOf(
          objectOf({
            scopes: { ...listOf({ enum: scopes }), description: "with those that they include" },
            only: { ...orNull(only), description: "what they are narrowed to, by names; null for everything" },
          }),
        ),
      }),
    },
    errors: [],
    handle: ({ caller }) => {
      const { who, name, mayDo: grants } = caller;
      return writeJson({ who, name, credentials: caller !== local, grants });
    },
  };
}
