import type { Scope } from "../../../core/access/grant.ts";

/**
 * What a route takes: the one scope it is for. It concerns the source, service or model that its path names, and else
 * more than any narrowed credential reaches; where the body or the query names it, the route itself asks for that.
 */
export interface Access {
  readonly scope: Scope | "public" | "any";
  readonly names?: "in the request";
}

/** For whoever has shown good credentials, whatever they are for: it tells him of himself alone. */
export const KNOWN: Access = { scope: "any" };

/** For whoever comes: it tells nothing of the store. */
export const PUBLIC: Access = { scope: "public" };
