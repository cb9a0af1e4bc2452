import path from "node:path";
import type { Store } from "../../src/index.ts";
import { filesIn } from "./offline-records.ts";

/** Everything that what fails must leave as it was. @param out where it might have left something, under `out/` */
export async function stateOf(store: Store, out: string): Promise<object> {
  const { home, revision, log, offline, views, models } = await store.status();
  const online = await store.features("fraud_features", [{ customer: "calm-1" }, { customer: "hasty-0" }]);
  return {
    revision,
    log,
    offline,
    views,
    models,
    online: online.map(({ values, eventTimes }) => ({ values, eventTimes })),
    files: ["offline", "staging", "rejects", "models"].map((name) => filesIn(path.join(home, name))),
    written: filesIn(out).filter((name) => name.startsWith("out/")),
  };
}
