import type { EventLog, LogEntry, LogPosition, NewEntry } from "../../src/ports/event-log.ts";

/** An entry that follows from its id alone, so that whoever reads it back knows what it must be. */
export function entryOf(id: number, stamp: number): NewEntry {
  const next = sequence(id);
  const size = next() < 0.05 ? 8 + Math.floor(next() * 100_000) : 8 + Math.floor(next() * 200);
  const payload = new Uint8Array(size);
  for (let i = 8; i < size; i++) payload[i] = next() * 256;
  new DataView(payload.buffer).setFloat64(0, id);
  const stream = ["flights", "été 日本", "", "a".repeat(300)][Math.floor(next() * 4)];
  return { stream, kind: Math.floor(next() * 256), count: 1 + Math.floor(next() * 5), stamp, payload };
}

export function idOf(entry: NewEntry): number {
  const { buffer, byteOffset } = entry.payload;
  return new DataView(buffer, byteOffset).getFloat64(0);
}

/** A small entry with the text as its payload, stamped just behind the log's last stamp. */
export function textEntry(log: { readonly lastStamp: number }, text: string, count = 1): NewEntry {
  const stamp = Math.max(log.lastStamp + 1, 0);
  return { stream: "s", kind: 1, count, stamp, payload: new TextEncoder().encode(text) };
}

export function textOf(entry: NewEntry): string {
  return new TextDecoder().decode(entry.payload);
}

/** All entries from a position on, with payloads that stay. */
export async function collect(log: Pick<EventLog, "read">, from: LogPosition): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of log.read(from)) entries.push({ ...entry, payload: entry.payload.slice() });
  return entries;
}

/** Numbers from 0 up to 1, the same for a seed (mulberry32). */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
