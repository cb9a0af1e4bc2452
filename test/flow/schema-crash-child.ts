// Applies a change of a source's fields and sends records, until it is killed; says what was acknowledged.
import { writeSync } from "node:fs";
import { open } from "../../src/index.ts";
import { definitionsOf, tickOf } from "./growing.ts";

const [home, round, first] = process.argv.slice(2);
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

const store = await open({ definitions: definitionsOf(Number(round)), home }, { whenLocked: "refuse" });
say({ opened: true });
await store.apply();
say({ applied: true });
// Long enough to be killed before the first record, at times.
await store.materialize();
for (let n = Number(first); ; n++) {
  say({ sent: n });
  await store.ingest("ticks", [tickOf(n, Date.now() * 1000, Number(round))]);
  say({ acknowledged: n });
}
