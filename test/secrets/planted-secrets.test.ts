// What a configuration, an address or a request holds in secret is looked for in all that the store tells and keeps:
// of the command, of one server and of several processes, in good days and in bad ones.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consolePages } from "../../src/surfaces/http/console/serve-console.ts";
import { asof, type Captured } from "../cli/captured-io.ts";
import { PASSWORD, startPostgres } from "../servers/postgres-server.ts";
import { redisMissing, RedisServer } from "../servers/redis-server.ts";
import { leaks } from "./forms-of.ts";

test("a secret is found however it is written, and only where it is", () => {
  const secrets = { password: `it's "p@ss/w+rd"` };
  const plain = secrets.password;
  const forms = {
    itself: `x ${plain} y`,
    "a URL": `redis://:${encodeURIComponent(plain)}@host`,
    JSON: JSON.stringify({ a: `<${plain}>` }),
    SQL: `'${plain.replaceAll("'", "''")}'`,
    basic: Buffer.from(`user:${plain}`).toString("base64"),
    "basic of another name": Buffer.from(`u:${plain}@`).toString("base64"),
    "basic without": Buffer.from(`${plain} and more`).toString("base64url"),
    "a file": Buffer.from(`\u0000\u0001${plain}\u0002`),
    hexadecimal: Buffer.from(plain).toString("hex"),
  };
  expect(leaks(Object.entries(forms), secrets)).toEqual(Object.keys(forms).map((where) => `password is in ${where}`));
  expect(leaks([["elsewhere", `${plain.slice(1)} ${plain.slice(0, -1)}`]], secrets)).toEqual([]);
});

const postgresStarted = redisMissing === null ? await startPostgres() : { missing: "no Redis" };
const postgres = "missing" in postgresStarted ? null : postgresStarted;
if (postgres === null) process.stderr.write("planted secrets: without PostgreSQL\n");

/** What must be told nowhere. Each has what has to be escaped somewhere. */
const secrets = {
  "the password of Redis": "Rd/4+q=f0kz%Q",
  "a wrong password of Redis": "wR0ng/r3dis+pa=ss",
  "the password of PostgreSQL": PASSWORD,
  "a wrong password of PostgreSQL": "wR0ng'p0stgres/pa+ss",
  "a webhook's header": "h00k-header-Zq81x",
  "a webhook's path": "h00k-path-Mv72p",
  "a webhook's password": "h00k:pass/W0rd",
  "a header of traces": "tr4ce-header-Kp55s",
  "what was sent as a password": "s3nt-Basic-Qm42",
  "what was sent as a parameter": "s3nt-query-Ry33",
};

const folder = mkdtempSync(path.join(tmpdir(), "asof-secrets-"));
const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const MAIN = fileURLToPath(new URL("../../src/surfaces/cli/main.ts", import.meta.url));

const SHORT = '{"minutes":0.01}';

/** Everything that was told, by where. */
const told: [string, string | Buffer][] = [];
/** What reached those whom it was meant for. */
const arrived = { traces: new Set<string>(), hooks: new Set<string>(), hookPaths: new Set<string>() };

async function listen(answer: (request: IncomingMessage, body: string) => [number, unknown]): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [status, body] = answer(request, Buffer.concat(chunks).toString());
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe.skipIf(redisMissing !== null)("no secret is told", () => {
  let redis: RedisServer;
  let issuer: Server;
  let collector: Server;
  let hook: Server;
  let signing: CryptoKey;
  let published: JWK;
  let apiKey = "";
  let token = "";
  let env: Record<string, string>;
  const keySecret = (): string => apiKey.slice(-43);
  const all = (): Record<string, string> => ({
    ...secrets,
    "an API key": keySecret(),
    "a wrong API key": "Z".repeat(43),
    "a token": token.split(".")[2],
    "a token's claims": token.split(".")[1],
  });
  const redisUrl = (password: string): string => redis.url.replace("//", `//:${encodeURIComponent(password)}@`);

  beforeAll(async () => {
    redis = await RedisServer.start(["--requirepass", secrets["the password of Redis"]]);
    const pair = await generateKeyPair("ES256", { extractable: true });
    signing = pair.privateKey;
    published = { ...(await exportJWK(pair.publicKey)), kid: "first", alg: "ES256" };
    issuer = await listen(({ url }) => {
      const named = { issuer: urlOf(issuer), jwks_uri: `${urlOf(issuer)}/jwks` };
      return [200, url === "/jwks" ? { keys: [published] } : named];
    });
    collector = await listen(({ headers }, body) => {
      arrived.traces.add(String(headers["authorization"]));
      told.push(["a trace", body]);
      return [200, {}];
    });
    // It takes what comes at one path, and nothing at another.
    hook = await listen(({ headers, url }, body) => {
      arrived.hooks.add(String(headers["authorization"]));
      arrived.hookPaths.add(String(url));
      told.push(["a notice", body]);
      return [url === "/taken" ? 200 : 400, {}];
    });
    token = await new SignJWT({ scope: "asof:admin" })
      .setProtectedHeader({ alg: "ES256", kid: "first" })
      .setIssuer(urlOf(issuer))
      .setAudience("asof")
      .setSubject("ada")
      .setExpirationTime("1h")
      .sign(signing);
    const hookUrl = urlOf(hook).replace("//", `//hooks:${encodeURIComponent(secrets["a webhook's password"])}@`);
    env = {
      SHOP_ISSUER: urlOf(issuer),
      SHOP_HOOKS: JSON.stringify([
        { url: `${urlOf(hook)}/taken`, headers: { authorization: `Bearer ${secrets["a webhook's header"]}` } },
        `${hookUrl}/${secrets["a webhook's path"]}`,
        `http://127.0.0.1:9/${secrets["a webhook's path"]}`,
      ]),
      SHOP_TRACES: `${urlOf(collector)}/v1/traces`,
      SHOP_TRACE_HEADER: `Bearer ${secrets["a header of traces"]}`,
    };
    Object.assign(process.env, env);
    mkdirSync(path.join(folder, "project"));
    configure("asof", redisUrl(secrets["the password of Redis"]));
  });
  afterAll(async () => {
    for (const name of Object.keys(env)) delete process.env[name];
    for (const server of [issuer, collector, hook]) {
      server.closeAllConnections();
      server.close();
    }
    await redis.stop();
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes a configuration with its Redis at an address that comes from the environment, as secrets do. */
  function configure(name: string, redis: string, timeout = "2s"): void {
    const variable = `SHOP_REDIS_OF_${name.toUpperCase()}`;
    process.env[variable] = env[variable] = redis;
    writeFileSync(
      path.join(folder, "project", `${name}.config.ts`),
      `import { batchView, configure, t } from ${here("../../src/index.ts")};
       import * as shop from ${here("../flow/shop.ts")};
       const failing = batchView("failing", {
         entity: shop.customer, sources: [shop.payments], features: { n: t.int32() }, eventTime: "at", ttl: "2d", lookback: "1d",
         sql: "select customer, event_time as at, error('planted failure')::integer as n from payments",
       });
       export default configure({
         definitions: { ...shop, failing }, home: "home", log: "trace",
         online: { redis: { url: process.env["${variable}"], timeout: "${timeout}" } },
         server: { oidc: { issuer: process.env["SHOP_ISSUER"], audience: "asof" } },
         schedule: { nightly: { run: "compute", cron: "* * * * * *", views: ["failing"] } },
         notify: { webhooks: JSON.parse(process.env["SHOP_HOOKS"]) },
         tracing: { endpoint: process.env["SHOP_TRACES"], headers: { authorization: process.env["SHOP_TRACE_HEADER"] }, delay: 20 },
       });`,
    );
  }

  async function command(...args: string[]): Promise<Captured> {
    const around = { cwd: path.join(folder, "project"), env: { ASOF_DEBUG: "1" } };
    const captured = await asof(args, around);
    const where = `\`asof ${args.filter((arg) => !arg.includes("//")).join(" ")}\``;
    // Said once, to whoever makes a key.
    if (!(args[0] === "keys" && args[1] === "create")) told.push([`${where}, printed`, captured.out]);
    told.push([`${where}, said`, captured.err]);
    return captured;
  }
  async function commandFails(code: string, ...args: string[]): Promise<void> {
    const { out, err } = await command(...args);
    expect(out + err, args.join(" ")).toContain(code);
  }

  /** Starts \`asof serve\`; resolves once it listens. What it logs is told as it comes. */
  async function start(...args: string[]): Promise<{ url: string; logged: () => string; child: ChildProcess }> {
    const child = spawn(process.execPath, [MAIN, "serve", "--port", "0", "--json", ...args], {
      cwd: path.join(folder, "project"),
      env: { ...process.env, ASOF_DEBUG: "1" },
    });
    let [out, err] = ["", ""];
    child.stderr.on("data", (chunk: Buffer) => (err += String(chunk)));
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        out += String(chunk);
        const { url } = (out.endsWith("\n") ? JSON.parse(out) : {}) as { url?: string };
        if (url !== undefined) resolve(url);
      });
      child.once("exit", () => reject(new Error(`it ended: ${out}${err}`)));
    });
    return { url, logged: () => err, child };
  }
  async function stop(child: ChildProcess): Promise<void> {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  test("by the command, whatever goes wrong", async () => {
    expect(await command("apply", "--yes")).toMatchObject({ code: 0 });
    const created = await command("keys", "create", "till", "--scope", "admin", "--json");
    apiKey = (JSON.parse(created.out) as { key: string }).key;
    expect(apiKey).toMatch(/^asof_\w{12}_[\w-]{43}$/);
    for (const verb of ["plan", "status", "runs", "schedule", "audit-log", "models"])
      expect(await command(verb, "--json"), verb).toMatchObject({ code: 0 });
    await command("keys", "list", "--json");
    const payment = { at: "2026-03-01T00:00:00Z", customer: "ann", amount: 1, cents: 1, refund: false };
    writeFileSync(path.join(folder, "payments.ndjson"), JSON.stringify(payment));
    expect(await command("ingest", "payments", path.join(folder, "payments.ndjson"))).toMatchObject({ code: 0 });
    await commandFails("ASOF_", "compute", "failing", "--json");
    const password = encodeURIComponent(secrets["the password of Redis"]);
    for (const [code, name, address] of [
      ["ASOF_CONFIG", "refused", redisUrl(secrets["a wrong password of Redis"])],
      ["ASOF_ONLINE_UNAVAILABLE", "unreachable", `redis://:${password}@127.0.0.1:9`],
      ["ASOF_CONFIG", "senseless", `redis://:${password}@127.0.0.1/no-database`],
      ["ASOF_CONFIG", "torn", `redis//:${password}@127.0.0.1`],
    ] as const) {
      configure(name, address, "100ms");
      await commandFails(code, "materialize", "--config", `${name}.config.ts`);
    }
    expect(await command("materialize")).toMatchObject({ code: 0 });
    expect(await command("doctor")).toMatchObject({ code: 0 });
    expect(await command("backup", path.join(folder, "backup"))).toMatchObject({ code: 0 });
    expect(leaks(told, all())).toEqual([]);
  });

  test.skipIf(postgres === null)("by what reads a table", async () => {
    const { url } = postgres!;
    const load = ["ingest", "payments", "--table", "pg_database", "--position", "oid", "--postgres"];
    const wrong = new URL(url);
    wrong.password = encodeURIComponent(secrets["a wrong password of PostgreSQL"]);
    const elsewhere = new URL(url);
    elsewhere.port = "9";
    for (const [code, address] of [
      ["ASOF_DATABASE", wrong.href],
      ["ASOF_DATABASE", elsewhere.href],
      ["ASOF_DATABASE", url.replace("127.0.0.1", "no host")],
      ["ASOF_DATABASE", `${url}-which-is-not-there`],
      ["ASOF_", url],
    ])
      await commandFails(code, ...load, address);
    expect(leaks(told, all())).toEqual([]);
  });

  /** Asks with a bearer's credentials, or others; what is answered is told. */
  async function get(
    url: string,
    bearer: string,
    asked: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<number> {
    const answer = await fetch(`${url}${asked}`, {
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    const streams = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
    const text = streams ? await firstOf(answer) : Buffer.from(await answer.arrayBuffer());
    told.push([`${body === undefined ? "GET" : "POST"} ${asked.split("?")[0]}`, text]);
    told.push([`the headers of ${asked.split("?")[0]}`, JSON.stringify([...answer.headers])]);
    return answer.status;
  }

  /** Everything that a server tells by its routes, asked rightly and wrongly. */
  async function askAll(url: string): Promise<void> {
    const ask = (asked: string, headers: Record<string, string> = {}, body?: string): Promise<number> =>
      get(url, apiKey, asked, headers, body);
    const document = (await (
      await fetch(`${url}/openapi.json`, { headers: { authorization: `Bearer ${apiKey}` } })
    ).json()) as { paths: Record<string, Record<string, unknown>> };
    const names: Record<string, string> = {
      source: "payments",
      service: "fraud_features",
      model: "fraud",
      entity: "customer",
    };
    let asked = 0;
    for (const [route, methods] of Object.entries(document.paths)) {
      const filled = route.replace(/\{(\w+)\}/, (_, name: string) => names[name] ?? name);
      if ("get" in methods) asked += Number((await ask(filled)) < 500);
      // A verification takes a minute, unless it is told otherwise.
      if (route === "/v1/verify") expect(await ask(filled, {}, SHORT)).not.toBe(400);
      else if ("post" in methods && !route.includes("forget")) await ask(filled, {}, "{}");
    }
    expect(asked).toBeGreaterThan(15);
    for (const page of consolePages) expect(await ask(page)).toBe(200);
    const shell = await (await fetch(url)).text();
    const assets = [...shell.matchAll(/\/assets\/[\w.-]+/g)].map(([asset]) => asset);
    expect(assets.length).toBeGreaterThan(1);
    for (const asset of assets) expect(await ask(asset)).toBe(200);
    // Where credentials do not belong, or are not right.
    const basic = Buffer.from(`ada:${secrets["what was sent as a password"]}`).toString("base64");
    const wrong = `${apiKey.slice(0, -43)}${"Z".repeat(43)}`;
    for (const authorization of [`Basic ${basic}`, `Bearer ${wrong}`, apiKey])
      expect(await ask("/v1/status", { authorization })).toBe(401);
    const cookies = { cookie: `session=${secrets["what was sent as a password"]}`, "x-api-key": keySecret() };
    expect(await ask("/v1/status", cookies)).toBe(200);
    const inQuery = `access_token=${secrets["what was sent as a parameter"]}`;
    expect(await ask(`/v1/models?model=fraud&${inQuery}`)).toBeLessThan(500);
    expect(await ask(`/nowhere?${inQuery}`)).toBe(404);
    expect(await ask(`/v1/status?${inQuery}`, { authorization: "" })).toBe(401);
    const row = '{"entities":[{"customer":"ann"}]}';
    expect(await ask("/v1/features/fraud_features", {}, row)).toBe(200);
    // Held up, not killed: what it had not written yet would be lost for good.
    redis.signal("SIGSTOP");
    try {
      expect(await ask("/v1/features/fraud_features", {}, row)).toBe(503);
      await ask("/ready");
    } finally {
      redis.signal("SIGCONT");
    }
  }

  async function firstOf(answer: Response): Promise<string> {
    const reader = answer.body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return Buffer.from(value ?? []).toString();
  }

  test.each([
    ["one server", []],
    ["several processes", ["--workers", "1"]],
  ])(
    "by %s: routes, console, logs, traces, notices",
    async (_, args) => {
      arrived.hookPaths.clear();
      arrived.traces.clear();
      const { url, logged, child } = await start(...args);
      try {
        await askAll(url);
        await expect.poll(() => arrived.hookPaths.size, { timeout: 20_000 }).toBe(2);
        await expect.poll(() => logged().split("not delivered").length, { timeout: 20_000 }).toBeGreaterThan(2);
        await expect.poll(() => get(url, token, "/v1/status"), { timeout: 30_000 }).toBe(200);
        expect(await get(url, `${token.slice(0, -4)}AAAA`, "/v1/status")).toBe(401);
      } finally {
        await stop(child);
        told.push(["the log", logged()]);
      }
      for (const line of ["answered", "refused", "planted failure", "ASOF_ONLINE_UNAVAILABLE"])
        expect(logged()).toContain(line);
      expect(arrived.traces).toEqual(new Set([env["SHOP_TRACE_HEADER"]]));
      expect(leaks(told, all())).toEqual([]);
    },
    120_000,
  );

  test("by any file of the store, of its backup, or by the registry's own words", async () => {
    await command("status");
    for (const name of ["project/home", "backup"]) {
      const files = readdirSync(path.join(folder, name), { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      );
      expect(files.length).toBeGreaterThan(3);
      for (const file of files)
        told.push([`${name}/${file.name}`, readFileSync(path.join(file.parentPath, file.name))]);
    }
    expect(leaks(told, all())).toEqual([]);
  });

  test("to nobody but those whom they are meant for", () => {
    // Else nothing would have been planted.
    const basic = Buffer.from(`hooks:${secrets["a webhook's password"]}`).toString("base64");
    expect(arrived.hooks).toEqual(new Set([`Bearer ${secrets["a webhook's header"]}`, `Basic ${basic}`]));
    expect(arrived.hookPaths).toContain(`/${secrets["a webhook's path"]}`);
    expect(told.length).toBeGreaterThan(200);
  });
});
