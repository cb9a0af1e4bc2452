import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./project.ts";

const flights = fileURLToPath(new URL("../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url));
const request = ["origin=SEA", "destination=JFK", "scheduled=2001-06-24T08:00", "distance=2421"];

let project: Project;
beforeAll(async () => {
  project = new Project();
  await project.json(["init", "--template", "flights"]);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  // Every tenth flight of one airport: enough to learn something from, in seconds.
  await connection.run(
    `copy (select * from '${flights}' where (origin = 'SEA' or destination = 'SEA') and (distance + delay) % 10 = 0)
     to '${project.path("flights.parquet")}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  await project.json(["apply"]);
  expect(await project.json(["ingest", "flights", "flights.parquet", "--until", "2001-06-24"])).toMatchObject({
    rejected: 0,
  });
});
afterAll(() => project.remove());

// The tests of this file are one session, in its order.
test("compute fills the batch view, once", async () => {
  expect(await project.json(["compute"])).toMatchObject([{ view: "airport_daily", backfill: true, unchanged: 0 }]);
  const [again] = (await project.json(["compute", "airport_daily"])) as { rows: number; unchanged: number }[];
  expect(again.rows).toBe(0);
  expect(again.unchanged).toBeGreaterThan(100);
});

test("train registers a version, which serves only once it is promoted", async () => {
  const { code, out } = await project.run(["train", "late_flight_model", "--no-promote"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^model +late_flight_model version 1, not promoted$/m);
  expect(out).toMatch(/^AUC +0\.\d{4} +0\.\d{4}$/m);
  await project.json(["materialize"]);
  expect(await project.error(["predict", "late_flight_model", ...request])).toMatchObject({ code: "ASOF_NO_MODEL" });
  expect(await project.error(["promote", "late_flight_model", "2"])).toMatchObject({
    code: "ASOF_UNKNOWN_MODEL_VERSION",
  });
  expect(await project.json(["promote", "late_flight_model", "1"])).toEqual({
    model: "late_flight_model",
    version: 1,
    promoted: true,
  });
});

test("models lists it, with the times of its training set", async () => {
  expect(await project.json(["models"])).toMatchObject([
    {
      model: "late_flight_model",
      version: 1,
      promoted: true,
      createdAt: expect.stringMatching(/^2001-06-24T00:00:00/) as string,
    },
  ]);
  const [{ trainingSet }] = (await project.json(["models", "late_flight_model"])) as [
    { trainingSet: { from: string } },
  ];
  expect(trainingSet.from).toMatch(/^2001-01-\d\dT.*Z$/);
  expect((await project.run(["models"])).out).toMatch(/late_flight_model +1 +\* +2001-06-24T.* AUC +0\.\d{4}/);
});

test("predict answers with a probability and the features it was told", async () => {
  const answer = (await project.json(["predict", "late_flight_model", ...request])) as {
    prediction: number;
    features: object;
  };
  expect(answer).toMatchObject({
    model: "late_flight_model",
    version: 1,
    features: { statuses: { origin: "PRESENT" } },
  });
  expect(answer.prediction).toBeGreaterThan(0);
  expect(answer.prediction).toBeLessThan(1);
  expect(await project.json(["get", "late_flight", ...request])).toMatchObject({
    values: { calendar__hour: 8, calendar__miles: 2421 },
  });
});

test("replay moves the clock and what is online", async () => {
  const args = ["replay", "flights", "flights.parquet", "--from", "2001-06-24", "--until", "2001-06-25"];
  const { records } = (await project.json(args)) as { records: number };
  expect(records).toBeGreaterThan(10);
  const { watermark } = (await project.json(["status"])) as { watermark: string };
  expect(watermark).toMatch(/^2001-06-25T00:00:00/);
});
