import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, Project } from "./project.ts";

let project: Project;
beforeAll(async () => {
  project = new Project();
  await project.json(["init", "--template", "blank"]);
  await project.json(["apply"]);
});
afterAll(() => project.remove());

interface Made {
  readonly id: string;
  readonly key: string;
}

// The tests of this file are one session, in its order.
test("without a key, serve refuses addresses that others reach, and says what to do", async () => {
  expect(await project.error(["serve", "--host", "0.0.0.0", "--port", "0"])).toMatchObject({
    code: "ASOF_NOT_LOOPBACK",
    remedy: expect.stringContaining("asof keys create") as string,
    details: { host: "0.0.0.0" },
  });
  expect((await project.run(["keys", "list"])).out).toMatch(/^There are no keys/);
});

test("a key is made, shown this once, and nothing of it is kept but its hash", async () => {
  const { out, code } = await project.run(["keys", "create", "tills", "--scope", "ingest", "--source", "orders"]);
  expect(code).toBe(0);
  const key = /^key +(asof_([0-9a-f]{12})_[\w-]{43})$/m.exec(out)!;
  expect(out).toMatch(/^only +source orders$/m);
  expect(readFileSync(project.path(".asof/registry.sqlite")).includes(key[1].slice(18))).toBe(false);
  const listed = await project.run(["keys", "list"]);
  expect(listed.out).toMatch(new RegExp(`^${key[2]} +tills +live +ingest +source orders +never +never$`, "m"));
  expect(listed.out).not.toContain(key[1].slice(18));
});

test("what makes no sense is refused", async () => {
  for (const [args, code] of [
    [["create", "x"], "ASOF_USAGE"],
    [["create", "x", "--scope", "write"], "ASOF_KEY"],
    [["create", "x", "--scope", "ingest", "--source", "oders"], "ASOF_UNKNOWN_SOURCE"],
    [["create", "x", "--scope", "read", "--rate", "-1"], "ASOF_USAGE"],
    [["create", "x", "--scope", "read", "--expires", "soon"], "ASOF_TIMESTAMP"],
    [["revoke", "nobody"], "ASOF_UNKNOWN_KEY"],
    [["burn"], "ASOF_USAGE"],
  ] as const)
    expect(await project.error(["keys", ...args]), args.join(" ")).toMatchObject({ code });
});

test("with a key the server listens for others, takes it, and takes it no more once it is revoked", async () => {
  const made = (await project.json(["keys", "create", "ops", "--scope", "read,admin", "--expires", "1d"])) as Made;
  const child = project.start(["serve", "--host", "0.0.0.0", "--port", "0", "--json"]);
  const end = ended(child);
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${url.replace("0.0.0.0", "127.0.0.1")}/v1/status`, { headers });
  expect((await ask({})).status).toBe(401);
  const mine = { authorization: `Bearer ${made.key}` };
  expect((await ask(mine)).status).toBe(200);
  expect(await project.json(["keys", "revoke", "ops"])).toMatchObject({ id: made.id, state: "revoked" });
  expect((await ask(mine)).status).toBe(401);
  child.kill("SIGTERM");
  expect((await end).code).toBe(0);
  const [used] = (await project.json(["keys", "list"])) as { name: string; usedAt: string | null }[];
  expect([used.name, used.usedAt]).toEqual(["ops", expect.any(String)]);
});

test("the audit log tells of keys and of commands that changed the store", async () => {
  await project.json(["ingest", "orders", "orders.ndjson"]);
  await project.error(["ingest", "oders", "orders.ndjson"]);
  const entries = (await project.json(["audit-log"])) as Record<string, unknown>[];
  const told = entries.map(
    ({ action, target, outcome }) => `${action as string} ${target as string} ${outcome as string}`,
  );
  expect(told.slice(0, 2)).toEqual(["ingest oders ASOF_UNKNOWN_SOURCE", "ingest orders ok"]);
  expect(told.filter((one) => one.startsWith("keys create key:"))).toHaveLength(2);
  expect(new Set(entries.map(({ via }) => via))).toEqual(new Set(["cli"]));
  const { out } = await project.run(["audit-log", "--limit", "1"]);
  expect(out).toMatch(
    /^when +who +name +via +what +target +outcome +requests\n\S+ +user:\S+ +- +cli +ingest +oders +ASOF_UNKNOWN_SOURCE +1\n$/,
  );
});
