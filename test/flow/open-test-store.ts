import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DAY, HOUR } from "../../src/core/time/timestamp.ts";
import { open, type OpenOptions, type Store } from "../../src/index.ts";
import { withMethods } from "./with-methods.ts";
import * as shop from "./shop.ts";

/** What time it is in the shop. */
export const now = Date.UTC(2026, 2, 2, 12) * 1000;

/** Two months of payments in which customers who pay in quick succession get their money back. */
export function history(): string {
  const rows = Array.from({ length: 600 }, (_, i) => {
    const hasty = i % 3 === 0;
    const at = now - 60 * DAY + Math.floor(i / 3) * (hasty ? 7 : 6) * HOUR + (i % 3) * HOUR;
    const customer = hasty ? `hasty-${i % 2}` : `calm-${i % 40}`;
    return {
      at,
      customer,
      amount: hasty ? 40 : 10 + (i % 7),
      cents: i,
      points: i % 5,
      ratio: 1 / (i + 1),
      refund: hasty,
    };
  });
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** The shop's store in a folder of its own, with a history, online and with a promoted model; closing it removes it. */
export async function openTestStore(options: OpenOptions = {}): Promise<Store> {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-shop-"));
  const home = path.join(folder, "home");
  const store = await open({ definitions: { ...shop }, home, clock: { simulated: now } }, options);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const file = path.join(folder, "payments.ndjson");
    writeFileSync(file, history());
    await store.apply();
    await store.load("payments", [file]);
    await store.train("fraud");
    await store.materialize();
  } catch (error) {
    await store.close();
    remove();
    throw error;
  }
  return withMethods(store, { close: () => store.close().finally(remove) });
}
