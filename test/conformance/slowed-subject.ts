import { slowedOnlineStore } from "../../src/adapters/slowed/slowed-online-store.ts";
import type { OnlineStoreUnderTest } from "./online-store-under-test.ts";
import { subject as lmdb } from "./lmdb-subject.ts";

/** One that comes and goes: what is called while it is there must not be overtaken by what is called after. */
export const subject: OnlineStoreUnderTest = {
  ...lmdb,
  name: "slowed lmdb",
  open: async (place) => {
    const store = await lmdb.open(place);
    let calls = 0;
    return slowedOnlineStore(store, {
      get milliseconds() {
        return calls++ % 3 === 0 ? 1 : 0;
      },
    });
  },
  module: import.meta.url,
};
