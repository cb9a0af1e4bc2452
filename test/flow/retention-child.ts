// A process that drops days of its store and then stands still, for tests that kill it before their files are removed.
import path from "node:path";
import { open, threadTime } from "../../src/open.ts";
import { dayStart, definitionsOf } from "./retention.ts";

const [folder, day] = process.argv.slice(2);
const now = dayStart(Number(day));
const clock = {
  now: () => now,
  ...threadTime,
  reserve: 0,
  advance: () => {},
};
const store = await open(
  { home: path.join(folder, "home"), definitions: { ...definitionsOf("10d") }, memory: "256MB", threads: 1 },
  { clock, archiveFrom: 50 },
);
await store.apply();
while ((await store.runs({ kind: "retention" })).every(({ state }) => state !== "succeeded"))
  await new Promise((resolve) => setTimeout(resolve, 5));
process.stdout.write("dropped\n");
// Whoever started it kills it.
setInterval(() => {}, 1000);
