import type { OnlineStore } from "../../src/ports/online-store.ts";

/** Bytes of text, one a character. */
export const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Text of bytes, one character a byte: its order in JavaScript is the order of the bytes. */
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Copies of the values of keys, read in one snapshot. */
export async function read(store: OnlineStore, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
  const values: (Uint8Array | undefined)[] = [];
  await store.read(keys, (index, value) => {
    values[index] = value && new Uint8Array(value);
  });
  return values;
}

/** A whole scan, as text. */
export async function scanned(store: OnlineStore, prefix: Uint8Array): Promise<[key: string, value: string][]> {
  const entries: [string, string][] = [];
  for await (const [key, value] of store.scan(prefix)) entries.push([text(key), text(value)]);
  return entries;
}
