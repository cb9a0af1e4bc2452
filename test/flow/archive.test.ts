import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aggregateView, count, entity, eventSource, featureService, open, sum, t } from "asof";
import { expect, test } from "vitest";

const user = entity("user", { user: t.string() });
const clicks = eventSource("clicks", {
  fields: { at: t.timestamp(), user: t.string(), value: t.float64() },
  eventTime: "at",
});
const activity = aggregateView("activity", {
  source: clicks,
  entity: user,
  features: { clicks: count().over("1h", "lifetime"), value: sum("value").over("1h", "lifetime") },
});
const service = featureService("activity_service", [activity]);
const definitions = { user, clicks, activity, service };

test("a log that grows long is moved into Parquet while the store is open, and every record counts once", async () => {
  const home = await mkdtemp(join(tmpdir(), "asof-archive-"));
  const start = Date.UTC(2026, 0, 1) * 1000;
  const configuration = { home, definitions, clock: { simulated: start } } as const;
  let store = await open(configuration);
  try {
    await store.apply();
    await store.materialize();
    const total = 260_000;
    for (let from = 0; from < total; from += 5_000)
      await store.ingest(
        "clicks",
        Array.from({ length: 5_000 }, (_, i) => ({
          at: start - 60_000_000 + from + i,
          user: `u${(from + i) % 7}`,
          value: 0.1 * (i % 10),
        })),
      );
    await store.settled();
    const archived = async (): Promise<number> => (await store.status()).log.archived;
    while ((await archived()) < 250_000) await new Promise((resolve) => setTimeout(resolve, 50));
    const keys = ["u0", "u3", "u6", "nobody"].map((key) => ({ user: key }));
    const check = async (): Promise<void> => {
      const live = await store.features(service, keys);
      const past = await store.features(service, keys, { at: live[0].t });
      expect(live.map(({ values }) => values)).toEqual(past.map(({ values }) => values));
      expect(live[0].values.activity__clicks_lifetime).toBe(Math.ceil(total / 7));
      expect(live[3].values.activity__clicks_1h).toBe(0);
    };
    await check();
    await store.close();
    store = await open(configuration);
    await check();
    const { log, offline } = await store.status();
    expect(log.start).toBeGreaterThanOrEqual(250_000);
    expect(offline.sources[0].rows).toBe(total);
  } finally {
    await store.close();
    await rm(home, { recursive: true });
  }
});
