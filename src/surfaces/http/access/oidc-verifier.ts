import type * as jose from "jose";
import type { Grant } from "../../../core/access/grant.ts";
import { AsofError } from "../../../core/errors.ts";
import { BoundedMap } from "./bounded-map.ts";
import { Caller } from "./caller.ts";
import { type ClaimGrant, grantOf, type OidcOptions } from "../../../core/access/oidc-options.ts";
import { type Bucket, countedHere, type MakeBucket } from "./token-bucket.ts";

/** Tokens that were found good lately, and those whom they name. */
const KNOWN = 1024;
/** Milliseconds after which a token is looked at again: a key that its issuer withdrew must not do for long. */
const AGAIN = 60_000;
/** Milliseconds between fetches of the issuer's keys because of a token with a key that is not among them. */
const COOLDOWN = 30_000;
const FETCH_TIMEOUT = 5_000;
const LONGEST_TOKEN = 8192;
/** Signatures by a key that only the issuer has. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

const plainGrants: Readonly<Record<string, ClaimGrant>> = {
  "asof:read": "read",
  "asof:predict": "predict",
  "asof:ingest": "ingest",
  "asof:admin": "admin",
};

/** Takes its time to load, which only those who have an issuer wait for. */
const library = (): Promise<typeof jose> => import("jose");

interface KnownToken {
  readonly caller: Caller;
  /** Milliseconds of the time of day. */
  readonly until: number;
}

/** Says whose a bearer token is, and what it grants, by the keys that its issuer publishes. */
export class OidcVerifier {
  private readonly options: OidcOptions;
  private readonly rate: number | null;
  private readonly cooldown: number;
  private readonly makeBucket: MakeBucket;
  private readonly known = new BoundedMap<string, KnownToken>(KNOWN);
  private readonly buckets = new BoundedMap<string, Bucket>(KNOWN);
  private keys: Promise<jose.JWTVerifyGetKey> | null = null;

  constructor(
    options: OidcOptions,
    rate: number | null,
    {
      cooldown = COOLDOWN,
      makeBucket = countedHere,
    }: { readonly cooldown?: number; readonly makeBucket?: MakeBucket } = {},
  ) {
    this.makeBucket = makeBucket;
    this.options = options;
    this.rate = rate;
    this.cooldown = cooldown;
  }

  /** @throws ASOF_UNAUTHENTICATED, ASOF_ISSUER */
  verify(token: string): Caller | Promise<Caller> {
    const known = this.known.get(token);
    return known !== undefined && Date.now() < known.until ? known.caller : this.look(token);
  }

  private async look(token: string): Promise<Caller> {
    const { issuer, audience } = this.options;
    if (token.length > LONGEST_TOKEN) throw refused("it is too long");
    const keys = await this.issuersKeys();
    const { errors, jwtVerify } = await library();
    let payload: jose.JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        issuer,
        audience: typeof audience === "string" ? audience : [...audience],
        algorithms: ALGORITHMS,
        requiredClaims: ["sub", "exp"],
      }));
    } catch (error) {
      throw errorOf(error, issuer, errors);
    }
    const who = `oidc:${payload.sub}`;
    const caller = new Caller(who, null, this.grantsOf(payload), this.bucketOf(who));
    this.known.set(token, { caller, until: Math.min((payload.exp ?? 0) * 1000, Date.now() + AGAIN) });
    return caller;
  }

  /** What is not named in the settings grants nothing. */
  private grantsOf(payload: jose.JWTPayload): Grant[] {
    const { claim = "scope", grants = plainGrants } = this.options;
    const value = Object.hasOwn(payload, claim) ? payload[claim] : inside(payload, claim.split("."));
    const values = typeof value === "string" ? value.split(" ") : Array.isArray(value) ? (value as unknown[]) : [];
    return values.flatMap((one) =>
      typeof one === "string" && Object.hasOwn(grants, one) ? [grantOf(grants[one])] : [],
    );
  }

  private bucketOf(who: string): Bucket | null {
    if (this.rate === null) return null;
    const bucket = this.buckets.get(who) ?? this.makeBucket(who, this.rate);
    this.buckets.set(who, bucket);
    return bucket;
  }

  private issuersKeys(): Promise<jose.JWTVerifyGetKey> {
    this.keys ??= this.discover().catch((error: unknown) => {
      this.keys = null;
      throw error;
    });
    return this.keys;
  }

  private async discover(): Promise<jose.JWTVerifyGetKey> {
    const { createRemoteJWKSet } = await library();
    const { issuer, jwksUri } = this.options;
    const uri = jwksUri ?? (await discoveredUri(issuer));
    return createRemoteJWKSet(new URL(uri), { cooldownDuration: this.cooldown, timeoutDuration: FETCH_TIMEOUT });
  }
}

async function discoveredUri(issuer: string): Promise<string> {
  try {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT), redirect: "error" });
    const found = (await answer.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
    if (found.issuer !== issuer || typeof found.jwks_uri !== "string")
      throw new Error("its discovery document names another issuer, or no keys");
    return found.jwks_uri;
  } catch (cause) {
    throw unreachable(issuer, cause);
  }
}

function inside(payload: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, name)
        ? (at as Readonly<Record<string, unknown>>)[name]
        : undefined,
    payload,
  );
}

/** Errors of jose about the token are the caller's; others are about the issuer. */
function errorOf(error: unknown, issuer: string, errors: typeof jose.errors): AsofError {
  if (error instanceof errors.JWTExpired) return refused("it has expired", "expired");
  if (error instanceof errors.JWTClaimValidationFailed) return refused(`its ${error.claim} is not right`);
  const isOfToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === "ERR_JOSE_GENERIC");
  return isOfToken ? refused("it is not one of the issuer's") : unreachable(issuer, error);
}

function refused(why: string, reason = "unknown"): AsofError {
  return new AsofError("ASOF_UNAUTHENTICATED", `the token is refused: ${why}`, { reason });
}

function unreachable(issuer: string, cause: unknown): AsofError {
  return new AsofError("ASOF_ISSUER", `the keys of ${issuer} cannot be had`, { issuer }, cause);
}
