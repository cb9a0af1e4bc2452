import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open, type Store } from "../../src/index.ts";
import { buildServer } from "../../src/surfaces/http/build-server.ts";
import * as clicks from "./clicks.ts";
import { payment, type Payment, payments } from "./payments.ts";

let folder: string;
let store: Store;
let app: FastifyInstance;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-http-identity-"));
  store = await open({ definitions: [{ payments }, clicks], home: join(folder, "home") });
  await store.apply();
  app = buildServer(store);
});

afterAll(async () => {
  await app.close();
  await store.close();
  await rm(folder, { recursive: true });
});

async function post(
  url: string,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Record<string, unknown> & { error?: object } }> {
  const lines = typeof body === "string";
  const response = await app.inject({
    method: "POST",
    url: `/v1/events/${url}`,
    payload: lines ? body : JSON.stringify(body),
    headers: { "content-type": lines ? "application/x-ndjson" : "application/json", ...headers },
  });
  return { status: response.statusCode, body: JSON.parse(response.body) as Record<string, unknown> };
}

const id = ({ shop, number }: Payment): object => ({ shop, number });

test("a request with an idempotency key is taken once", async () => {
  const click = { at: "2026-01-01", user: "ann", n: 1, seconds: 2 };
  const key = { "Idempotency-Key": "a request" };
  const first = await post("clicks", [click, click], key);
  expect(first.body).toMatchObject({ accepted: 2, duplicates: 0 });
  const again = await post("clicks?wait=applied", [click, click], key);
  expect(again).toEqual({ status: 200, body: { ...first.body, accepted: 0, duplicates: 2 } });
  expect(await post("clicks", [click], key)).toMatchObject({
    status: 409,
    body: { error: { code: "ASOF_ID_CONFLICT", details: { source: "clicks", key: "a request" } } },
  });
  for (const bad of ["", "x".repeat(256), "a, b"])
    expect(await post("clicks", [click], { "Idempotency-Key": bad })).toMatchObject({
      status: 400,
      body: { error: { code: "ASOF_REQUEST" } },
    });
});

test("records are taken once, withdrawn and corrected by their ids", async () => {
  const first = await post("payments", [payment(1, 1), payment(2, 2)]);
  expect(first.body).toMatchObject({ accepted: 2, duplicates: 0 });
  const lines = [payment(3, 3), payment(2, 7)].map((row) => `${JSON.stringify(row)}\n`).join("");
  expect(await post("payments", lines)).toMatchObject({
    status: 409,
    body: { error: { code: "ASOF_ID_CONFLICT", details: { id: "shop=shop-2 number=2", line: 2 } } },
  });
  expect((await post("payments/retractions?wait=applied", id(payment(1, 1)))).body).toEqual({
    source: "payments",
    retracted: 1,
    waiting: 0,
    duplicates: 0,
    position: (first.body["position"] as number) + 2,
    stamp: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect((await post("payments/retractions", [id(payment(1, 1)), id(payment(3, 3))])).body).toMatchObject({
    retracted: 0,
    waiting: 1,
    duplicates: 1,
  });
  expect((await post("payments/corrections", [payment(2, 20), payment(4, 4)])).body).toMatchObject({
    accepted: 2,
    replaced: 1,
    waiting: 1,
    duplicates: 0,
  });
  expect(await post("payments/retractions", [payment(1, 1)])).toMatchObject({
    status: 400,
    body: { error: { code: "ASOF_UNKNOWN_FIELD" } },
  });
  expect(await post("clicks/retractions", { user: "ann" })).toMatchObject({
    status: 409,
    body: { error: { code: "ASOF_NO_ID" } },
  });
  expect(await post("nothing/corrections", {})).toMatchObject({ status: 404 });
});
