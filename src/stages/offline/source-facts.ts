import type { SourceDefinition } from "../../core/definition/data.ts";
import { canonicalJson } from "../../core/definition/fingerprint.ts";
import { sourceStream } from "../../core/definition/stream.ts";
import { AVAILABLE, EVENT } from "../../core/schema/system-columns.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import type { OfflineStore } from "./offline-store.ts";

/** How many rows a source has in Parquet, and the usual delay from event to availability in microseconds. */
export async function sourceFacts(
  source: SourceDefinition,
  parts: { readonly engine: OfflineEngine; readonly registry: RegistryStore; readonly store: OfflineStore },
): Promise<{ rows: number; delay: number | null }> {
  const files = await parts.registry.files(source.name);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return { rows, delay: declaredDelay(source) ?? (rows === 0 ? null : await observedDelay(source, parts)) };
}

/** The delay of a source that declares one: its available time is its event time plus a constant. */
function declaredDelay({ eventTime, availableAt }: SourceDefinition): number | null {
  if (availableAt === null || availableAt.op !== "add" || !("args" in availableAt)) return null;
  const [event, delay] = availableAt.args;
  if (canonicalJson(event) !== canonicalJson(eventTime) || delay.op !== "literal" || delay.kind !== "duration")
    return null;
  return Number(delay.value);
}

/** The median delay over what is there. */
async function observedDelay(
  source: SourceDefinition,
  { engine, store }: { engine: OfflineEngine; store: OfflineStore },
): Promise<number | null> {
  const session = await engine.session();
  try {
    // Times only: the fields may be about to change, those too by which withdrawals are told.
    const { withdrawals: _, ...stream } = sourceStream(source);
    await store.attach(session, "asof_facts", { ...stream, fields: {} }, { cut: Infinity, held: true });
    const [{ delay }] = await session.rows(
      `SELECT median(epoch_us(${AVAILABLE}) - epoch_us(${EVENT})) AS delay FROM asof_facts`,
      { delay: { kind: "float64", nullable: true } },
    );
    return delay === null ? null : Math.round(delay as number);
  } finally {
    await session.close();
  }
}
