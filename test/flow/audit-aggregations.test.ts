import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { simulatedClock } from "../../src/adapters/clock/simulated-clock.ts";
import type { AggregateViewDefinition } from "../../src/core/definition/data.ts";
import { eventSource } from "../../src/core/definition/event-source.ts";
import { makeView } from "../../src/core/definition/view.ts";
import { t } from "../../src/core/schema/data-type.ts";
import { MINUTE, parseTimestamp, SECOND } from "../../src/core/time/timestamp.ts";
import { featureService, open } from "../../src/index.ts";
import { Random } from "../../src/surfaces/verify/random.ts";
import * as definitions from "./every-aggregation.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-audit-all-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const events = eventSource("events", {
  fields: { ...definitions.events.fields, id: t.int64() },
  eventTime: "at",
  availableAt: "known",
  order: "seq",
  id: ["user", "id"],
});
const view: AggregateViewDefinition = {
  ...(definitions.everything.view as AggregateViewDefinition),
  source: "events",
  retractable: true,
};
const everything = makeView<"everything", { user: ReturnType<typeof t.string> }, object>(
  view,
  { user: t.string() },
  view.features.map(({ name }) => name),
);
const all = featureService("all", [everything]);

const begin = parseTimestamp("2026-03-01");

test("every aggregation is audited, and nothing differs while records are withdrawn and corrected", async () => {
  const clock = simulatedClock(begin);
  const store = await open(
    {
      definitions: { user: definitions.user, events, everything, all },
      home: folder,
      audit: { sample: 1, every: "1d" },
    },
    { clock, archiveFrom: 150 },
  );
  try {
    await store.apply();
    await store.materialize();
    const random = new Random(7);
    const below = (n: number): number => random.whole(0, n - 1);
    const users = ["ann", "bob"];
    const record = (id: number): Record<string, unknown> => ({
      at: clock.now() - below(200) * MINUTE,
      known: clock.now() - below(3) * MINUTE,
      user: users[id % 2],
      id: BigInt(id),
      seq: id % 3 === 0 ? null : id,
      page: ["home", "cart", null, "ünïcode"][below(4)],
      n: below(7),
      amount: below(2001) / 7,
      odd: null,
      big: 2n ** 62n + BigInt(below(5)),
      ok: below(2) === 0,
    });
    let id = 0;
    for (let round = 0; round < 25; round++) {
      clock.advance!(clock.now() + below(40) * MINUTE + SECOND);
      const made = Array.from({ length: 10 }, () => record(id++));
      await store.ingest("events", made);
      const [gone, wrong] = [below(id), below(id)];
      await store.retract("events", [{ user: users[gone % 2], id: BigInt(gone) }]);
      if (wrong !== gone) await store.correct("events", [record(wrong)]);
      if (round % 3 !== 0) await store.settled();
      await store.features(
        "all",
        [...users, "nobody"].map((user) => ({ user })),
      );
      if (round % 6 === 5) expect((await store.auditServed()).different).toBe(0);
    }
    const report = await store.auditServed();
    expect(report.targets.flatMap(({ examples }) => examples)).toEqual([]);
    expect(report).toMatchObject({ answers: 75, different: 0, waiting: 0, failures: 0 });
    // All of them were compared, lists and counts too.
    const [target] = report.targets;
    const compared = view.features.filter(({ name }) => target.features[`everything__${name}`] !== undefined);
    expect(compared.length).toBeGreaterThan(view.features.length - 8);
    expect(target.features["everything__pages_1d"].compared).toBe(75);
    expect((await store.status()).log.archived).toBeGreaterThan(0);
  } finally {
    await store.close();
  }
});
