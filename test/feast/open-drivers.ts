import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { open, type Store } from "../../src/index.ts";
import { withMethods } from "../flow/with-methods.ts";
import * as definitions from "./drivers/definitions.ts";

/** A Feast repository, with what `feast apply` made of it. */
export const repository = fileURLToPath(new URL("./drivers/", import.meta.url));

/** When the drivers are asked about. */
export const now = Date.UTC(2026, 10, 24) * 1000;

/** A store of what the import makes of the repository, with its data, online; closing it removes it. */
export async function openDrivers(): Promise<Store> {
  const home = mkdtempSync(path.join(tmpdir(), "asof-drivers-"));
  const store = await open({ definitions: { ...definitions }, home, clock: { simulated: now } });
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  try {
    await store.apply();
    for (const source of ["driver_hourly", "driver_push", "orders"])
      await store.load(source, [path.join(repository, "data", `${source}.parquet`)]);
    await store.compute();
    await store.materialize();
  } catch (error) {
    await store.close();
    remove();
    throw error;
  }
  return withMethods(store, { close: () => store.close().finally(remove) });
}
