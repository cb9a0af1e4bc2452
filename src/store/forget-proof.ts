import { encodeKeyValues } from "../core/codec/forgotten-keys.ts";
import { entityKeyEncoder, headKey } from "../core/codec/online-keys.ts";
import type { EntityDefinition } from "../core/definition/data.ts";
import type { ForgetProof } from "../core/result/forget.ts";
import type { KeyToErase } from "../stages/ingest/key-files.ts";
import type { Shared, Writing } from "./writing.ts";

/** A string of fewer bytes may be found by chance. */
const TELLING = 6;

/** Looks everywhere whether anything is left. */
export async function proveForgotten(
  shared: Shared,
  writing: Writing,
  definition: EntityDefinition,
  key: KeyToErase,
): Promise<ForgetProof> {
  const { files } = shared.parts;
  const { finder } = writing;
  const left = await finder.find(key);
  const telling = tellingTexts(key);
  const searched =
    telling.length === 0 ? { bytes: 0, found: [] } : await files.search([...telling, encodeKeyValues(key.keys)]);
  return {
    records: [...left.files, ...left.rejects].reduce(
      (sum, { rows }) => sum + rows,
      left.traces + (await finder.leftBesideFiles(key)),
    ),
    online: await onlineStates(shared, writing, definition, key),
    bytes: searched.bytes,
    files: searched.found,
    elsewhere: telling.length === 0 ? [] : await finder.mentions(telling),
  };
}

async function onlineStates(
  { parts, definitions }: Shared,
  { fold }: Writing,
  definition: EntityDefinition,
  { keys }: KeyToErase,
): Promise<number> {
  const entity = entityKeyEncoder(definition.keys)((name) => keys[name]);
  if (entity === null) return 0;
  const all = await definitions.appliedViews();
  const states = fold.views.views.filter(({ fingerprint }) =>
    all.some((one) => one.fingerprint === fingerprint && one.view.entity === definition.name),
  );
  let there = 0;
  await parts.online.read(
    states.map(({ state }) => headKey(state, entity)),
    (_, bytes) => void (there += bytes === undefined ? 0 : 1),
  );
  return there;
}

/** How run details, which are JSON, hold a key's strings. */
export function redacted(key: KeyToErase): string[] {
  return [...new Set(tellingTexts(key).flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]))];
}

/** The string of a key, where it would not be found by chance, nor as a part of other keys. */
function tellingTexts({ keys }: KeyToErase): string[] {
  const values = Object.values(keys);
  return values.filter(
    (value): value is string =>
      values.length === 1 && typeof value === "string" && new TextEncoder().encode(value).length >= TELLING,
  );
}
