// Loads files, or what is new in a table, says when it is in and when it is told so, and waits to be killed.
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadOptions, TableOptions } from "../../src/core/result/store.ts";
import { open } from "../../src/index.ts";
import { rows } from "./loaded-rows.ts";

const [home, what] = process.argv.slice(2);
const say = (word: string): void => void writeSync(1, `${word}\n`);
const asked = JSON.parse(what) as { readonly files?: string[]; readonly table?: TableOptions };

const store = await open({ home, definitions: { rows } });
await store.apply();
say("ready");
const options: LoadOptions = {
  onlyNew: true,
  onProgress: ({ phase, done, total }) => phase.startsWith("write") && done > 0 && done === total && say("committed"),
};
if (asked.files !== undefined) await store.load("rows", asked.files, options);
else await store.loadTable("rows", { ...asked.table!, ...options });
say("told");
await sleep(60_000);
