// Applies a change of a source's fields and sends records, until it is killed; says what was acknowledged.
import { writeSync } from "node:fs";
import { open } from "../../src/index.ts";
import { definitionsOf, tickOf } from "./growing.ts";

const BATCH = 4_000;
const [home, round, first] = process.argv.slice(2);
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

const store = await open({ definitions: definitionsOf(Number(round)), home }, { whenLocked: "refuse" });
say({ opened: true });
await store.apply();
say({ applied: true });
// Long enough to be killed before the first record, at times.
await store.materialize();
// So many at once that what is acknowledged is not folded yet.
for (let n = Number(first); ; n += BATCH) {
  const numbers = Array.from({ length: BATCH }, (_, i) => n + i);
  say({ sent: numbers.at(-1) });
  const at = Date.now() * 1000;
  await store.ingest(
    "ticks",
    numbers.map((one) => tickOf(one, at, Number(round))),
  );
  // A short line is written whole.
  say({ acknowledged: [n, numbers.at(-1)] });
}
