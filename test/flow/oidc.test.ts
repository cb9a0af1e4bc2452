import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OidcOptions } from "../../src/core/access/oidc-options.ts";
import type { Store } from "../../src/store.ts";
import type { Caller } from "../../src/surfaces/http/access/caller.ts";
import { OidcVerifier } from "../../src/surfaces/http/access/oidc-verifier.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import { openTestStore } from "./open-test-store.ts";
import { withMethods } from "./with-methods.ts";

// Bearer tokens of an issuer, which is here a server of this machine with a key of its own.

interface Signer {
  readonly key: CryptoKey;
  readonly kid: string;
  readonly published: JWK;
}

async function signer(kid: string, alg = "ES256"): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { key: privateKey, kid, published: { ...(await exportJWK(publicKey)), kid, alg } };
}

let server: Server;
let issuer: string;
let published: Signer[];
let mode: "up" | "down" | "another" = "up";
let fetched = 0;
let store: Store;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (mode === "down") return void response.writeHead(500).end();
    const discovery = { issuer: mode === "another" ? "http://localhost:1" : issuer, jwks_uri: `${issuer}/jwks` };
    if (request.url === "/jwks") fetched++;
    const keys = { keys: published.map((one) => one.published) };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/jwks" ? keys : discovery));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  published = [await signer("first")];
  store = await openTestStore();
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await store.close();
});

const options = (part: Partial<OidcOptions> = {}): OidcOptions => ({ issuer, audience: "asof", ...part });

interface Said {
  readonly sub?: string | null;
  readonly iss?: string;
  readonly aud?: string;
  readonly exp?: number | string | null;
  readonly claims?: Record<string, unknown>;
}

async function token(
  by: Signer,
  { sub = "ada", iss = issuer, aud = "asof", exp = "1h", claims = {} }: Said = {},
): Promise<string> {
  const { alg } = by.published;
  const made = new SignJWT(claims).setProtectedHeader({ alg: alg!, kid: by.kid }).setIssuer(iss).setAudience(aud);
  if (sub !== null) made.setSubject(sub);
  if (exp !== null) made.setExpirationTime(exp);
  return made.sign(by.key);
}

describe("a token", () => {
  const verify = async (text: string, part: Partial<OidcOptions> = {}): Promise<Caller> =>
    new OidcVerifier(options(part), null).verify(text);

  test("of the issuer names its subject, by each kind of key", async () => {
    for (const alg of ["ES256", "RS256", "EdDSA"]) {
      const one = await signer(`of ${alg}`, alg);
      published.push(one);
      expect((await verify(await token(one))).who).toBe("oidc:ada");
    }
  });

  test("is refused where anything about it is wrong", async () => {
    const [good] = published;
    const mallory = { ...(await signer("first")), published: good.published };
    const hour = Math.floor(Date.now() / 1000) - 3600;
    const whole = await token(good);
    const [head, body, signature] = whole.split(".");
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    const secret = new TextEncoder().encode(JSON.stringify(good.published));
    const symmetric = await new SignJWT({})
      .setProtectedHeader({ alg: "HS256", kid: "first" })
      .setIssuer(issuer)
      .setAudience("asof")
      .setSubject("ada")
      .setExpirationTime("1h")
      .sign(secret);
    const wrong: Record<string, string> = {
      "another signer": await token(mallory),
      "another issuer": await token(good, { iss: "https://login.example.com" }),
      "another audience": await token(good, { aud: "billing" }),
      "without an end": await token(good, { exp: null }),
      "without a subject": await token(good, { sub: null }),
      "of an unknown key": await token({ ...(await signer("other")), kid: "other" }),
      unsigned: none,
      "signed with what is published": symmetric,
      torn: `${head}.${body}`,
      bent: `${head}.${Buffer.from('{"sub":"eve"}').toString("base64url")}.${signature}`,
      "no token": "secret",
      long: "x".repeat(9000),
    };
    for (const [what, text] of Object.entries(wrong))
      await expect(verify(text), what).rejects.toMatchObject({
        code: "ASOF_UNAUTHENTICATED",
        details: { reason: "unknown" },
      });
    await expect(verify(await token(good, { exp: hour }))).rejects.toMatchObject({
      code: "ASOF_UNAUTHENTICATED",
      details: { reason: "expired" },
    });
  });

  test("grants what its claim is worth in the settings, and nothing else", async () => {
    const [good] = published;
    const may = async (claims: Record<string, unknown>, part: Partial<OidcOptions> = {}): Promise<string[]> => {
      const caller = await verify(await token(good, { claims }), part);
      return (["read", "predict", "ingest", "admin"] as const).filter((scope) => {
        try {
          caller.mustHave(scope);
          return true;
        } catch {
          return false;
        }
      });
    };
    expect(await may({})).toEqual([]);
    expect(await may({ scope: "openid asof:read asof:predict" })).toEqual(["read", "predict"]);
    expect(await may({ scope: "read admin constructor __proto__" })).toEqual([]);
    const grants = { writers: "ingest", staff: ["read", "predict"], root: "admin" } as const;
    expect(await may({ roles: ["writers", "staff", 1] }, { claim: "roles", grants })).toEqual([
      "read",
      "predict",
      "ingest",
    ]);
    expect(await may({ realm: { roles: ["root"] } }, { claim: "realm.roles", grants })).toHaveLength(4);
    const narrow = { tills: { scopes: ["ingest"], only: { source: ["payments"] } } } as const;
    const caller = await verify(await token(good, { claims: { scope: "tills" } }), { grants: narrow });
    caller.mustReach("ingest", "source", "payments");
    expect(() => caller.mustReach("ingest", "source", "visits")).toThrow(/not for the source/);
  });
});

test("keys that the issuer has changed since are fetched, and not for every token that has none", async () => {
  const [old] = published;
  const verifier = new OidcVerifier(options(), null, { cooldown: 0 });
  expect((await verifier.verify(await token(old))).who).toBe("oidc:ada");
  const fresh = await signer("second");
  published = [fresh];
  expect((await verifier.verify(await token(fresh, { sub: "bob" }))).who).toBe("oidc:bob");
  // The old key is gone: a token that was not seen before is not one of the issuer's any more.
  await expect(verifier.verify(await token(old, { sub: "eve" }))).rejects.toMatchObject({
    code: "ASOF_UNAUTHENTICATED",
  });
  const patient = new OidcVerifier(options(), null);
  await patient.verify(await token(fresh));
  const before = fetched;
  for (let i = 0; i < 5; i++)
    await expect(patient.verify(await token(old, { sub: `${i}` }))).rejects.toMatchObject({
      code: "ASOF_UNAUTHENTICATED",
    });
  expect(fetched).toBe(before);
});

test("an issuer that cannot be asked is not the caller's fault, and is asked again", async () => {
  const verifier = new OidcVerifier(options(), null, { cooldown: 0 });
  const text = await token(published[0]);
  for (mode of ["down", "another"] as const)
    await expect(verifier.verify(text)).rejects.toMatchObject({ code: "ASOF_ISSUER", details: { issuer } });
  mode = "up";
  expect((await verifier.verify(text)).who).toBe("oidc:ada");
});

describe("a server", () => {
  const get = (app: FastifyInstance, url: string, bearer?: string) =>
    app.inject({ url, headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } });

  test("with an issuer asks everybody for credentials, and takes keys beside tokens", async () => {
    const app = buildServer(withMethods(store, {}), { logger: false, oidc: options() });
    expect((await get(app, "/v1/catalog")).statusCode).toBe(401);
    expect((await get(app, "/health")).statusCode).toBe(200);
    const reader = await token(published[0], { claims: { scope: "asof:read" } });
    expect((await get(app, "/v1/catalog", reader)).statusCode).toBe(200);
    expect((await get(app, "/v1/audit-log", reader)).statusCode).toBe(403);
    const { key } = await store.keys.create({ name: "k", scopes: ["read"], by: "user:ada" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await get(app, "/v1/catalog", key)).statusCode).toBe(200);
    expect((await get(app, "/v1/catalog", `${key}x`)).statusCode).toBe(401);
    await app.close();
  });

  test("lets each caller make so many requests a second, of which a key may say another number", async () => {
    const app = buildServer(withMethods(store, {}), { logger: false, oidc: options(), rate: 0.01 });
    const statuses = async (bearer: string, count: number): Promise<number[]> => {
      const found = [];
      for (let i = 0; i < count; i++) found.push((await get(app, "/v1/catalog", bearer)).statusCode);
      return found;
    };
    const claims = { scope: "asof:read" };
    const tokens = [await token(published[0], { claims }), await token(published[0], { claims, exp: "2h" })];
    expect(await statuses(tokens[0], 2)).toEqual([200, 429]);
    // Another token of the same subject is no way around it.
    const { statusCode, headers, body } = await get(app, "/v1/catalog", tokens[1]);
    expect([statusCode, JSON.parse(body)]).toMatchObject([429, { error: { code: "ASOF_RATE_LIMIT" } }]);
    expect(Number(headers["retry-after"])).toBeGreaterThan(80);
    expect(Number(headers["retry-after"])).toBeLessThanOrEqual(100);
    expect((await get(app, "/v1/catalog", await token(published[0], { claims, sub: "bob" }))).statusCode).toBe(200);
    const { key } = await store.keys.create({ name: "fast", scopes: ["read"], rate: 1000, by: "user:ada" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await statuses(key, 5)).toEqual([200, 200, 200, 200, 200]);
    // Another key is made: who has used up his rate has still used it up.
    await store.keys.create({ name: "other", scopes: ["read"], by: "user:ada" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await statuses(tokens[0], 1)).toEqual([429]);
    await app.close();
  });
});
