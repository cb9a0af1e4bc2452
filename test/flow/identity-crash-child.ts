// Does operations on payments until it is killed, and says on standard output what was acknowledged.
import { writeSync } from "node:fs";
import { open } from "../../src/index.ts";
import { sequence } from "../conformance/event-log-entries.ts";
import { operation, payments, SPAN, WORKERS } from "./payments.ts";
import { perform } from "./perform.ts";

const [folder, home, seed, archiveFrom] = process.argv.slice(2);

// A pipe takes a short line whole.
const say = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

const store = await open(
  { definitions: { payments }, home },
  { whenLocked: "refuse", archiveFrom: Number(archiveFrom) },
);
if (!(await store.plan()).empty) await store.apply();
say({ ready: process.pid });

/** Each has payments of its own, so that what becomes of them does not depend on the others. */
async function work(worker: number): Promise<never> {
  const next = sequence(Number(seed) + worker);
  for (let number = 0; ; number++) {
    const one = operation(next, worker * SPAN, SPAN);
    say({ worker, began: one });
    const outcome = await perform(store, folder, number * WORKERS + worker, one).catch((error: unknown) => {
      const { code } = error as { code?: unknown };
      if (code !== "ASOF_ID_CONFLICT") throw error;
      return { code };
    });
    say({ worker, ended: outcome });
  }
}
await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
