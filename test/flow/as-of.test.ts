import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { AsofError } from "../../src/core/errors.ts";
import type { FeatureAnswer } from "../../src/core/result/answers.ts";
import { open } from "../../src/index.ts";
import * as clicks from "./clicks.ts";

const folder = mkdtempSync(path.join(tmpdir(), "asof-at-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = ({ values, statuses, eventTimes, t }: FeatureAnswer): object => ({ values, statuses, eventTimes, t });

test("an answer given while records stream in, live or as of a moment just past, is the truth for ever", async () => {
  const store = await open({ definitions: clicks, home: path.join(folder, "home") });
  try {
    await store.apply();
    await store.materialize();
    const requests = clicks.users.map((user) => ({ user }));
    const given: FeatureAnswer[][] = [];
    let refused = 0;
    const stop = new AbortController();
    let n = 0;
    const stream = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const now = Date.now() * 1000;
        await store.ingest("clicks", [clicks.clickOf(n++, now), clicks.clickOf(n++, now - 30_000_000)]);
      }
    };
    const streams = [stream(), stream(), stream()];
    const until = performance.now() + 2_000;
    while (performance.now() < until) {
      given.push(await store.features(clicks.profile, requests));
      const at = Math.floor((performance.timeOrigin + performance.now()) * 1000);
      try {
        given.push(await store.features("profile", requests, { at }));
      } catch (error) {
        if (!(error instanceof AsofError) || error.code !== "ASOF_FUTURE_READ") throw error;
        refused++;
      }
    }
    stop.abort();
    await Promise.all(streams);
    expect(n).toBeGreaterThan(200);
    expect(given.length).toBeGreaterThan(refused);
    for (const answers of given) {
      const again = await store.features("profile", requests, { at: answers[0].t });
      expect(again.map(plain)).toEqual(answers.map(plain));
    }
  } finally {
    await store.close();
  }
});
