import { decodeDropped, DROPPED } from "../core/codec/dropped-history.ts";
import {
  decodeForgotten,
  decodeForgottenHere,
  encodeForgotten,
  encodeForgottenHere,
  type ForgettingKey,
  type ForgottenHere,
  type ForgottenKeys,
  hexOfBytes,
} from "../core/codec/forgotten-keys.ts";
import { AsofError } from "../core/errors.ts";
import { answerableFrom } from "../core/plan/answerable-from.ts";
import { FORGOTTEN_LIST } from "../core/plan/folders.ts";
import type { ServicePlan } from "../core/plan/service-plan.ts";
import type { Timestamp } from "../core/time/timestamp.ts";
import type { RegistryStore } from "../ports/registry-store.ts";
import type { StoreParts } from "./store-parts.ts";

/** The note of the registry on the keys that it has forgotten. */
const FORGOTTEN = "forgotten";
/** The list that outlives a restore of everything else. */
const LIST = FORGOTTEN_LIST;

/** What is left of forgotten keys: keyed hashes, in a file that outlives a restore, and in the registry. */
export class ForgottenList {
  private readonly parts: Pick<StoreParts, "files" | "registry" | "randomBytes">;

  constructor(parts: ForgottenList["parts"]) {
    this.parts = parts;
  }

  /** Null where there is none yet, unless it is to be made. */
  async read(): Promise<ForgottenKeys | null>;
  async read(make: true): Promise<ForgottenKeys>;
  async read(make = false): Promise<ForgottenKeys | null> {
    const { files, randomBytes } = this.parts;
    try {
      return decodeForgotten(await files.read(LIST));
    } catch (error) {
      if (!(error instanceof AsofError) || error.code !== "ASOF_FILE") throw error;
    }
    if (!make) return null;
    const made = { secret: hexOfBytes(randomBytes(32)), keys: [] };
    await files.write(LIST, encodeForgotten(made));
    return made;
  }

  /** Adds to the list that outlives a restore. */
  async enlist(forgetting: ForgettingKey): Promise<void> {
    const list = await this.read(true);
    const key = forgottenKey(forgetting);
    if (list.keys.some(({ hash, at }) => hash === key.hash && at === key.at)) return;
    await this.parts.files.write(LIST, encodeForgotten({ ...list, keys: [...list.keys, key] }));
  }

  /** Takes note of keys that this registry has forgotten. */
  async remember(keys: readonly ForgottenHere[]): Promise<void> {
    const { registry } = this.parts;
    const known = decodeForgottenHere(await registry.note(FORGOTTEN));
    await registry.setNote(FORGOTTEN, encodeForgottenHere([...known, ...keys]));
  }

  /** The hashes that this registry has forgotten. */
  async done(): Promise<ReadonlySet<string>> {
    return new Set(decodeForgottenHere(await this.parts.registry.note(FORGOTTEN)).map(({ hash }) => hash));
  }
}

/** What a list keeps of a key. */
export function forgottenKey({ entity, hash, at }: ForgettingKey): Pick<ForgettingKey, "entity" | "hash" | "at"> {
  return { entity, hash, at };
}

/**
 * The moment before which answers of a service cannot be audited, because records they had counted were erased, or
 * dropped by the retention of their source.
 */
export async function unverifiableUntil(registry: RegistryStore, plan: ServicePlan): Promise<Timestamp | null> {
  const sources = new Set(plan.aggregates.map(({ view }) => view.source));
  const until = decodeForgottenHere(await registry.note(FORGOTTEN))
    .filter((key) => key.sources.some((name) => sources.has(name)))
    .map((key) => key.until);
  const from = answerableFrom(plan, decodeDropped(await registry.note(DROPPED)));
  const all = from === null ? until : [...until, from];
  return all.length === 0 ? null : Math.min(Math.max(...all), Number.MAX_SAFE_INTEGER);
}
