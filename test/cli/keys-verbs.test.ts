import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open } from "../../src/open.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import * as shop from "../flow/shop.ts";
import { asof, type Captured } from "./captured-io.ts";

const cwd = mkdtempSync(path.join(tmpdir(), "asof-keys-"));
const home = path.join(cwd, "home");
const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));

beforeAll(async () => {
  writeFileSync(
    path.join(cwd, "asof.config.ts"),
    `import { configure } from ${here("../../src/index.ts")};
     import * as definitions from ${here("../flow/shop.ts")};
     export default configure({ definitions: { ...definitions }, home: "home" });`,
  );
  writeFileSync(
    path.join(cwd, "payments.ndjson"),
    '{"at":"2026-03-01T00:00:00Z","customer":"ann","amount":1,"cents":1,"refund":false}\n',
  );
  const store = await open({ definitions: { ...shop }, home });
  await store.apply();
  await store.close();
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const run = (...args: string[]): Promise<Captured> => asof(args, { cwd });
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await run(...args, "--json")).out) as unknown;
const error = async (...args: string[]): Promise<{ readonly code: string; readonly remedy: string }> =>
  ((await json(...args)) as { readonly error: { readonly code: string; readonly remedy: string } }).error;

interface Made {
  readonly id: string;
  readonly key: string;
}

// The tests of this file are one session, in its order.
test("without a key, serve refuses addresses that others reach, and says what to do", async () => {
  const refused = await error("serve", "--host", "0.0.0.0", "--port", "0");
  expect(refused).toMatchObject({ code: "ASOF_NOT_LOOPBACK", details: { host: "0.0.0.0" } });
  expect(refused.remedy).toContain("asof keys create");
  expect((await run("keys", "list")).out).toMatch(/^There are no keys/);
});

test("a key is made, shown this once, and nothing of it is kept but its hash", async () => {
  const { out, code } = await run("keys", "create", "tills", "--scope", "ingest", "--source", "payments");
  expect(code).toBe(0);
  const key = /^key +(asof_([0-9a-f]{12})_[\w-]{43})$/m.exec(out)!;
  expect(out).toMatch(/^only +source payments$/m);
  expect(readFileSync(path.join(home, "registry.sqlite")).includes(key[1].slice(18))).toBe(false);
  const listed = await run("keys", "list");
  expect(listed.out).toMatch(new RegExp(`^${key[2]} +tills +live +ingest +source payments +never +never$`, "m"));
  expect(listed.out).not.toContain(key[1].slice(18));
});

test("what makes no sense is refused", async () => {
  for (const [args, code] of [
    [["create", "x"], "ASOF_USAGE"],
    [["create", "x", "--scope", "write"], "ASOF_KEY"],
    [["create", "x", "--scope", "ingest", "--source", "paymnets"], "ASOF_UNKNOWN_SOURCE"],
    [["create", "x", "--scope", "read", "--rate", "-1"], "ASOF_USAGE"],
    [["create", "x", "--scope", "read", "--expires", "soon"], "ASOF_TIMESTAMP"],
    [["revoke", "nobody"], "ASOF_UNKNOWN_KEY"],
    [["burn"], "ASOF_USAGE"],
  ] as const)
    expect(await error("keys", ...args), args.join(" ")).toMatchObject({ code });
  expect((await run("keys", "create", "--help")).out).toMatch(/Examples:\n +asof keys create/);
});

test("while a server runs a key is made, taken, and taken no more once the command has revoked it", async () => {
  const made = (await json("keys", "create", "ops", "--scope", "read,admin", "--expires", "1d")) as Made;
  const store = await open({ definitions: { ...shop }, home });
  const server = await serve(store, { host: "0.0.0.0", port: 0, logger: false });
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${server.url.replace("0.0.0.0", "127.0.0.1")}/v1/catalog`, { headers })).status;
  try {
    expect(await ask({})).toBe(401);
    const mine = { authorization: `Bearer ${made.key}` };
    expect(await ask(mine)).toBe(200);
    const late = (await json("keys", "create", "late", "--scope", "read")) as Made;
    await wait(60);
    expect(await ask({ authorization: `Bearer ${late.key}` })).toBe(200);
    expect(await json("keys", "revoke", "ops")).toMatchObject({ id: made.id, state: "revoked" });
    expect(await ask(mine)).toBe(401);
  } finally {
    await server.close();
    await store.close();
  }
  const listed = (await json("keys", "list")) as { name: string; usedAt: string | null }[];
  expect(listed.map(({ name, usedAt }) => [name, usedAt !== null])).toEqual([
    ["late", true],
    ["ops", true],
    ["tills", false],
  ]);
});

test("the audit log tells of keys and of commands that changed the store", async () => {
  await json("ingest", "payments", "payments.ndjson");
  await error("ingest", "paymnets", "payments.ndjson");
  const entries = (await json("audit-log")) as Record<"action" | "target" | "outcome" | "via", string>[];
  const told = entries.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`);
  expect(told.slice(0, 2)).toEqual(["ingest paymnets ASOF_UNKNOWN_SOURCE", "ingest payments ok"]);
  expect(told.filter((one) => one.startsWith("keys create key:"))).toHaveLength(3);
  expect(new Set(entries.map(({ via }) => via))).toEqual(new Set(["cli"]));
  const { out } = await run("audit-log", "--limit", "1");
  expect(out).toMatch(
    /^when +who +name +via +what +target +outcome +requests\n\S+ +user:\S+ +- +cli +ingest +paymnets +ASOF_UNKNOWN_SOURCE +1\n$/,
  );
});

test("who has tried keys out can have his own machine served without them again, until the next key", async () => {
  const live = await error("keys", "reset");
  expect(live).toMatchObject({ code: "ASOF_KEY", message: expect.stringContaining("tills, late") });
  await json("keys", "revoke", "tills");
  await json("keys", "revoke", "late");
  const store = await open({ definitions: { ...shop }, home });
  const status = async (server: RunningServer): Promise<number> => (await fetch(`${server.url}/v1/catalog`)).status;
  const start = (): Promise<RunningServer> => serve(store, { port: 0, logger: false });
  const running: RunningServer[] = [];
  try {
    running.push(await start());
    // That all keys are revoked opens nothing, and neither does a reset while it runs.
    expect(await status(running[0])).toBe(401);
    expect(await json("keys", "reset")).toEqual({ reset: true });
    await wait(60);
    expect(await status(running[0])).toBe(401);
    await expect(serve(store, { host: "0.0.0.0", port: 0 })).rejects.toMatchObject({ code: "ASOF_NOT_LOOPBACK" });
    running.push(await start());
    expect(await status(running[1])).toBe(200);
    await json("keys", "create", "again", "--scope", "read");
    await wait(60);
    expect(await status(running[1])).toBe(401);
    running.push(await start());
    expect(await status(running[2])).toBe(401);
  } finally {
    for (const server of running) await server.close();
    await store.close();
  }
  expect((await run("audit-log")).out).toMatch(/ user:\S+ +- +cli +keys reset +- +ok +1$/m);
});
