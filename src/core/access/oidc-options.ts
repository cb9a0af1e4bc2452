import { type Grant, grantFault, isScope, type Reach, type Scope } from "./grant.ts";

/** What a value of the token's claim grants: scopes, or scopes narrowed to definitions. */
export type ClaimGrant = Scope | readonly Scope[] | { readonly scopes: readonly Scope[]; readonly only?: Reach };

/** Bearer tokens of an OpenID Connect issuer. */
export interface OidcOptions {
  /** As its tokens name it: `https://login.example.com/realms/shop`. */
  readonly issuer: string;
  /** What tokens must be for: at least one of these. */
  readonly audience: string | readonly string[];
  /** Where its keys are. Default: where its discovery document says. */
  readonly jwksUri?: string;
  /** The claim that says what a token is for: text with spaces, or a list. Default "scope"; `a.b` looks into `a`. */
  readonly claim?: string;
  /** What the values of the claim grant. Default: `asof:read` grants read, and so on. */
  readonly grants?: Readonly<Record<string, ClaimGrant>>;
}

/** The grant of a value of the claim. */
export function grantOf(granted: ClaimGrant): Grant {
  if (typeof granted === "string") return { scopes: [granted], only: null };
  if ("scopes" in granted) return { scopes: granted.scopes, only: granted.only ?? null };
  return { scopes: granted, only: null };
}

/** What is wrong with the settings, or null. */
export function oidcFault(options: Readonly<Record<string, unknown>>): string | null {
  const { issuer, audience, jwksUri, claim, grants, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there are issuer, audience, jwksUri, claim and grants`;
  if (!isSafeUrl(issuer)) return "must have an issuer: an https URL (http only on this machine)";
  if (jwksUri !== undefined && !isSafeUrl(jwksUri)) return "must have an https URL as its jwksUri";
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (audiences.length === 0 || !audiences.every((one) => typeof one === "string" && one !== ""))
    return "must have an audience: what tokens for this server name";
  if (claim !== undefined && (typeof claim !== "string" || claim === "")) return "must have a name as its claim";
  if (grants === undefined) return null;
  if (typeof grants !== "object" || grants === null) return "must have an object as its grants";
  for (const [value, granted] of Object.entries(grants)) {
    const fault = isClaimGrant(granted) ? grantFault(grantOf(granted)) : "give a scope, or { scopes, only }";
    if (fault !== null) return `must grant something sensible to ${JSON.stringify(value)}: ${fault}`;
  }
  return null;
}

function isClaimGrant(value: unknown): value is ClaimGrant {
  if (isScope(value)) return true;
  const scopes = Array.isArray(value) ? value : (value as { scopes?: unknown } | null)?.scopes;
  return Array.isArray(scopes) && scopes.every(isScope);
}

/** Keys that come over a plain connection could be anybody's. */
function isSafeUrl(value: unknown): boolean {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname));
}
