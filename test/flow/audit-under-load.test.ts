import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { open, type Store } from "../../src/index.ts";
import * as clicks from "./clicks.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-audit-load-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const home = path.join(folder, "home");
const start = (): Promise<Store> =>
  open({ definitions: clicks, home, audit: { sample: 1, every: "1ms" } }, { archiveFrom: 900, threadsFrom: 0 });

const requests = clicks.users.map((user) => ({ user }));

/** A load of clicks from before, that became known only now. */
async function loadLate(store: Store, n: number): Promise<void> {
  const file = path.join(folder, `late-${n}.ndjson`);
  const at = (Date.now() - 1_800_000) * 1000;
  const rows = Array.from({ length: 40 }, (_, i) => clicks.clickOf(n + i, at + i * 777_777));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await store.load("clicks", [file]);
}

// The system's clock, rounds one after another while records come in, loads, computations, archiving and restarts:
// each answer must still be what history gives for its moment.
test("the audit finds nothing while everything goes on at once", { timeout: 120_000 }, async () => {
  let store = await start();
  try {
    await store.apply();
    await loadLate(store, 0);
    await store.compute();
    await store.materialize();
    let [asked, answered, n] = [0, 0, 1000];
    for (let round = 0; round < 4; round++) {
      const busy = new AbortController();
      const ingesting = (async () => {
        while (!busy.signal.aborted) {
          const now = Date.now() * 1000;
          // Late ones, present ones, and some that are not yet due.
          const records = Array.from({ length: 20 }, (_, i) =>
            clicks.clickOf(n++, now - [0, 15e6, 60e6, 3e9, -2e6][i % 5] - i),
          );
          await store.ingest("clicks", records);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })();
      const asking = (async () => {
        while (!busy.signal.aborted) {
          await store.features(clicks.profile, requests);
          asked += requests.length;
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
      })();
      await loadLate(store, round * 100);
      await store.compute();
      await store.materialize();
      busy.abort();
      await Promise.all([ingesting, asking]);
      const report = await store.auditServed();
      expect(report.targets.flatMap(({ examples }) => examples)).toEqual([]);
      expect(report).toMatchObject({ different: 0, failures: 0, failure: null });
      answered = report.answers;
      // What waits when the process ends is dropped: here nothing does.
      await store.close();
      store = await start();
    }
    expect(answered).toBe(asked);
    expect(asked).toBeGreaterThan(100);
    const { audit } = await store.monitoring();
    expect(audit).toMatchObject({ answers: asked, different: 0, dropped: 0 });
    expect(audit.compared).toBeGreaterThan(asked * 5);
    expect((await store.status()).log.archived).toBeGreaterThan(0);
  } finally {
    await store.close();
  }
});
