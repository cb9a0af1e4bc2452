import type { AddedLatency } from "../../core/result/added-latency.ts";
import type { OnlineStore, Put } from "../../ports/online-store.ts";

/**
 * Another online store whose reads and commits take longer, by what is added at the time: what a network in between, or
 * a busy machine, would do. All that the other one promises holds: commits still take effect in the order of their calls,
 * and while nothing is added calls go straight through.
 */
export function slowedOnlineStore(store: OnlineStore, added: AddedLatency): OnlineStore {
  /** Resolves once all commits that were called before have been handed on; null where none waits. */
  let handedOn: Promise<unknown> | null = null;
  const commit = (changes: readonly Put[]): Promise<void> => {
    if (added.milliseconds === 0 && handedOn === null) return store.commit(changes);
    const turn = Promise.all([handedOn, wait(added.milliseconds)]).then(() => {
      const committed = store.commit(changes);
      // From here on others may go straight through: they cannot come before it any more.
      if (handedOn === turn) handedOn = null;
      // Within an object, for those behind it need not wait for its end.
      return { committed };
    });
    handedOn = turn;
    return turn.then(({ committed }) => committed);
  };
  return {
    get generation() {
      return store.generation;
    },
    read(keys, visit, options) {
      if (added.milliseconds === 0) return store.read(keys, visit, options);
      return wait(added.milliseconds).then(() => store.read(keys, visit, options));
    },
    commit,
    refresh: () => store.refresh(),
    flushed: async () => {
      await handedOn;
      await store.flushed();
    },
    scan: (prefix) => store.scan(prefix),
    clear: async (prefix) => {
      await handedOn;
      await store.clear(prefix);
    },
    rewrite: async () => {
      await handedOn;
      await store.rewrite();
    },
    count: (prefix) => store.count(prefix),
    bytes: () => store.bytes(),
    close: async () => {
      await handedOn;
      await store.close();
    },
  };
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
