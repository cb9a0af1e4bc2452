import type { Store } from "../../src/store.ts";

/** A store of which some methods are planted faults; all others are its own. */
export function withMethods(store: Store, planted: Readonly<Record<string, unknown>>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (typeof name === "string" && Object.hasOwn(planted, name)) return planted[name];
      const own: unknown = Reflect.get(target, name, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}
