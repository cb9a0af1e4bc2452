import type { OfflineEngine } from "../ports/offline-engine.ts";

/** An engine whose sessions a signal interrupts: what runs in them rejects with ASOF_INTERRUPTED. */
export function interruptible(engine: OfflineEngine, signal: AbortSignal | undefined): OfflineEngine {
  if (signal === undefined) return engine;
  return { session: (options = {}) => engine.session({ signal, ...options }), close: () => engine.close() };
}
