import { expect } from "vitest";
import type { Store } from "../../src/store.ts";
import * as clicks from "./clicks.ts";

export const requests = clicks.users.map((user) => ({ user }));

/** What is online of clicks is what history gives, of so many records. */
export async function expectSame(store: Store, records: number): Promise<void> {
  const online = await store.features(clicks.profile, requests);
  const offline = await store.features("profile", requests, { at: online[0].t });
  expect(online.map(({ values }) => values)).toEqual(offline.map(({ values }) => values));
  expect(online.reduce((sum, { values }) => sum + values.activity__clicks_lifetime, 0)).toBe(records);
}
