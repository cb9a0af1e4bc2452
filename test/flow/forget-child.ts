// Forgets a customer, and dies at a given change of the disk: of the n-th file moved, removed, or committed to the
// registry. Says how many there were, where it lives.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "../../src/index.ts";

const [home, customer, last, stores = "./forget-stores.ts"] = process.argv.slice(2);
const deadly = Number(last);
let changes = -Infinity;

function change(): void {
  if (++changes === deadly) process.kill(process.pid, "SIGKILL");
}

function deadlyFirst<O extends object>(owner: O, name: keyof O & string): void {
  const made = owner[name] as (...given: unknown[]) => unknown;
  Object.assign(owner, {
    [name](this: unknown, ...given: unknown[]) {
      if (name !== "exec" || /^(commit|vacuum)/.test(String(given[0]))) change();
      return made.apply(this, given);
    },
  });
}

for (const name of ["rename", "rm"] as const) deadlyFirst(fs.promises, name);
for (const name of ["renameSync", "rmSync"] as const) deadlyFirst(fs, name);
deadlyFirst(DatabaseSync.prototype, "exec");
syncBuiltinESMExports();

const { openHome } = (await import(stores)) as { readonly openHome: (home: string) => Promise<Store> };
const store = await openHome(home);
changes = 0;
const { erased } = await store.forget("customer", { customer });
const done = changes;
changes = -Infinity;
await store.close();
process.stdout.write(JSON.stringify({ erased, changes: done }));
