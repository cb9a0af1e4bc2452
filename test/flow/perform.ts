import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Store } from "../../src/index.ts";
import type { Operation } from "./payments.ts";

/** Does an operation on payments; a load writes its file into the folder. Resolves to the outcome. */
export async function perform(store: Store, folder: string, number: number, operation: Operation): Promise<object> {
  const { what, payments } = operation;
  switch (what) {
    case "ingest":
      return store.ingest("payments", payments);
    case "correct":
      return store.correct("payments", payments);
    case "retract":
      return store.retract(
        "payments",
        payments.map(({ shop, number: of }) => ({ shop, number: of })),
      );
    case "load": {
      const file = path.join(folder, `payments-${number}.ndjson`);
      writeFileSync(file, payments.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return store.load("payments", [file]);
    }
  }
}
