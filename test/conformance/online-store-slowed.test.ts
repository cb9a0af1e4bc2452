import { describe, expect, test } from "vitest";
import { slowedOnlineStore } from "../../src/adapters/slowed/slowed-online-store.ts";
import { subject as lmdb } from "./lmdb-subject.ts";
import { behaviour } from "./online-store-behaviour.ts";
import { bytes } from "./online-store-bytes.ts";
import { subject } from "./slowed-subject.ts";

describe("online store slowed lmdb", () => {
  behaviour(subject);

  test("takes what is added for each read and commit, and nothing once that is 0", async () => {
    const place = await lmdb.makePlace();
    const added = { milliseconds: 0 };
    const store = slowedOnlineStore(await lmdb.open(place), added);
    const took = async (work: () => unknown): Promise<number> => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    expect(store.read([bytes("a")], () => {})).toBeUndefined();
    added.milliseconds = 40;
    // Timers may be a millisecond early.
    expect(await took(() => store.read([bytes("a")], () => {}))).toBeGreaterThanOrEqual(39);
    expect(await took(() => store.commit([[bytes("a"), bytes("1")]]))).toBeGreaterThanOrEqual(39);
    added.milliseconds = 0;
    let found = "";
    expect(store.read([bytes("a")], (_, value) => (found = String.fromCharCode(...value!)))).toBeUndefined();
    expect(found).toBe("1");
    await store.close();
    await lmdb.removePlace(place);
  });
});
