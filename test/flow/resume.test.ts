import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MINUTE } from "../../src/core/time/timestamp.ts";
import type { OnlineViews } from "../../src/core/codec/online-meta.ts";
import { Fold } from "../../src/stages/online/fold.ts";
import { aggregateView, avg, count, entity, eventSource, featureService, open, sum, t } from "../../src/index.ts";

const KEYS = 40_000;
const now = Date.UTC(2026, 0, 2) * 1000;

const device = entity("device", { site: t.string(), number: t.int64() });
const readings = eventSource("readings", {
  fields: { at: t.timestamp(), site: t.nullable(t.string()), number: t.int64(), degrees: t.float64() },
  eventTime: "at",
  availableAt: "1m",
});
const heat = aggregateView("heat", {
  source: readings,
  entity: device.from({ site: "site", number: "number" }),
  features: { n: count().over("1h", "lifetime"), total: sum("degrees").over("1d"), mean: avg("degrees").over("1h") },
});
const heatOf = featureService("heat_of", [heat]);
const definitions = { device, readings, heat, heatOf };

const folder = mkdtempSync(path.join(tmpdir(), "asof-resume-"));
const configuration = { definitions, home: path.join(folder, "home"), clock: { simulated: now } };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Names that sort differently as text, by bytes and by length. */
const keyOf = (i: number): { site: string; number: bigint } => ({
  site: ["a", "B", "ä", "aa", "", "日本", "𝒳", "'"][i % 8],
  number: BigInt(i % 3 === 0 ? -i : i) * 1_000_003n,
});

describe("materialization that is interrupted", () => {
  test("goes on where it stopped, over a restart and with records that came meanwhile", async () => {
    const file = path.join(folder, "readings.ndjson");
    const line = (i: number): string => {
      const { site, number } = keyOf(i % KEYS);
      const degrees = Math.fround(Math.cos(i)) * 1e9;
      return `{"at":${now - (i % 200) * MINUTE},"site":${JSON.stringify(site)},"number":${number},"degrees":${degrees}}\n`;
    };
    writeFileSync(file, Array.from({ length: 3 * KEYS }, (_, i) => line(i)).join(""));
    let store = await open(configuration);
    try {
      await store.apply();
      await store.load("readings", [file]);
      let stops = 0;
      for (const stopAt of [1, 40_000]) {
        const stop = new AbortController();
        const onProgress = ({ done }: { done: number }): void => {
          if (done >= stopAt) stop.abort();
        };
        await expect(store.materialize(["heat"], { signal: stop.signal, onProgress })).rejects.toMatchObject({
          code: "ASOF_INTERRUPTED",
        });
        await expect(store.features(heatOf, keyOf(1))).rejects.toMatchObject({ code: "ASOF_NOT_MATERIALIZED" });
        // Records of keys that are built, of keys that are not, and of new ones.
        const came = [1, 2, 3, KEYS - 1, KEYS - 2, KEYS + 7].map((i) => ({ at: now, ...keyOf(i), degrees: i }));
        await store.ingest("readings", [...came, { at: now, site: null, number: 1n, degrees: 1 }]);
        stops++;
        if (stops === 1) {
          await store.close();
          store = await open(configuration);
        }
      }
      const [outcome] = await store.materialize(["heat"]);
      expect(outcome.how).toBe("resumed");
      expect(outcome.keys).toBeLessThan(KEYS);
      const asked = Array.from({ length: KEYS + 10 }, (_, i) => keyOf(i));
      const online = await store.features(heatOf, asked);
      const offline = await store.features("heat_of", asked, { at: online[0].t });
      const plain = ({ values, eventTimes }: (typeof offline)[number]): object => ({ values, eventTimes });
      expect(online.map(plain)).toEqual(offline.map(plain));
      const records = online.reduce((all, { values }) => all + values.heat__n_lifetime, 0);
      // Those of this very minute are not known yet.
      expect(records).toBe(3 * KEYS - (3 * KEYS) / 200 + 2 * 6);
    } finally {
      await store.close();
    }
  });

  test("counts once what it caught up with before it was cut off, just before the switch", async () => {
    const home = path.join(folder, "caught-up");
    const file = path.join(folder, "few.ndjson");
    const line = (i: number): object => ({ at: now - i * MINUTE, site: "a", number: i % 5, degrees: i });
    writeFileSync(file, Array.from({ length: 50 }, (_, i) => `${JSON.stringify(line(i + 1))}\n`).join(""));
    const store = await open({ ...configuration, home });
    const own = Reflect.get(Fold.prototype, "switchViews") as (...args: unknown[]) => Promise<void>;
    const plant = (switchViews: (...args: unknown[]) => Promise<void>): unknown =>
      Object.assign(Fold.prototype, { switchViews });
    try {
      await store.apply();
      await store.load("readings", [file]);
      let came = false;
      // The last change of the record of views: the one that says which state serves.
      plant(function (this: Fold, views, ...others): Promise<void> {
        if ((views as OnlineViews).views.length === 0) return own.call(this, views, ...others);
        plant(own);
        throw new Error("planted");
      });
      const onProgress = (): void => {
        if (came) return;
        came = true;
        void store.ingest("readings", [{ at: now - 2 * MINUTE, site: "a", number: 1n, degrees: 7 }]);
      };
      await expect(store.materialize(["heat"], { onProgress })).rejects.toThrow("planted");
      expect((await store.materialize(["heat"]))[0].how).toBe("resumed");
      const asked = [0n, 1n, 2n].map((number) => ({ site: "a", number }));
      const online = await store.features(heatOf, asked);
      const offline = await store.features("heat_of", asked, { at: online[0].t });
      expect(online.map(({ values }) => values)).toEqual(offline.map(({ values }) => values));
      expect(online[1].values.heat__n_lifetime).toBe(11);
    } finally {
      plant(own);
      await store.close();
    }
  });
});
