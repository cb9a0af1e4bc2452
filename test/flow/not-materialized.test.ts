import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { open } from "asof";
import { expect, test } from "vitest";
import * as clicks from "./clicks.ts";

test("records that were folded before any view is online leave requests refused, not without an end", async () => {
  const home = await mkdtemp(path.join(tmpdir(), "asof-not-materialized-"));
  const start = Date.UTC(2026, 0, 1) * 1000;
  const store = await open({ home, definitions: { ...clicks }, clock: { simulated: start } });
  try {
    await store.apply();
    await store.ingest("clicks", [clicks.clickOf(0, start)]);
    await store.settled();
    await expect(store.features("profile", [{ user: "ann" }])).rejects.toMatchObject({ code: "ASOF_NOT_MATERIALIZED" });
  } finally {
    await store.close();
    await rm(home, { recursive: true, force: true });
  }
});
