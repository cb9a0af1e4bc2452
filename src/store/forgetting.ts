import { canonicalize } from "../core/codec/canonicalize.ts";
import {
  decodeForgetting,
  decodeKeyValues,
  encodeForgetting,
  encodeKeyValues,
  type ForgettingKey,
  keyHasher,
} from "../core/codec/forgotten-keys.ts";
import type { Definition, EntityDefinition } from "../core/definition/data.ts";
import { identifiedSources } from "../core/definition/identified-sources.ts";
import { keyCarriers } from "../core/definition/key-carriers.ts";
import { storedDefinition } from "../core/definition/stored-definition.ts";
import { AsofError } from "../core/errors.ts";
import { HISTORY, PINNED } from "../core/plan/folders.ts";
import type { EntityKeys, ForgetOptions, ForgetOutcome } from "../core/result/forget.ts";
import type { WorkOptions } from "../core/result/progress.ts";
import type { FoundRecords } from "../stages/ingest/find-key.ts";
import type { KeyToErase } from "../stages/ingest/key-files.ts";
import type { MaterializableView } from "../stages/online/materializable-view.ts";
import { type Changed, runsMadeBefore } from "./forget-made-before.ts";
import { proveForgotten, redacted } from "./forget-proof.ts";
import { forgottenKey, ForgottenList } from "./forgotten-list.ts";
import type { StoreParts } from "./store-parts.ts";
import type { Shared, Writing } from "./writing.ts";

/** The note of the registry on the key that is being forgotten. */
const FORGETTING = "forgetting";

/**
 * Erases a key of an entity everywhere, and proves it. What is to be done is in the registry before anything is
 * done, every step may be repeated, and the next start goes on where a crash ended:
 *
 * 1. the log goes into Parquet, so that its segments can be dropped
 * 2. what is known of its records by their ids is forgotten; files that hold records of the key are written anew without them, and the list of files changes at once
 * 3. online views over what has changed are built anew, batch views computed anew
 * 4. the online store and the registry are written anew, because pages they no longer use hold what was there
 * 5. a keyed hash is left, here and in a file: a store restored from before forgets the key again at its start
 */
export class Forgetting {
  private readonly shared: Shared;
  private readonly parts: StoreParts;
  private readonly writing: Writing;
  private readonly served: () => Promise<void>;
  private readonly forgetExamples: () => Promise<void>;
  private readonly forgotten: ForgottenList;

  constructor(
    shared: Shared,
    writing: Writing,
    {
      served,
      forgetExamples,
    }: {
      /** Resolves once everything that was predicted is on disk. */
      served: () => Promise<void>;
      /** Removes from the registry what the audit keeps of requests. */
      forgetExamples: () => Promise<void>;
    },
  ) {
    this.shared = shared;
    this.parts = shared.parts;
    this.writing = writing;
    this.served = served;
    this.forgetExamples = forgetExamples;
    this.forgotten = new ForgottenList(this.parts);
  }

  async forget(
    entity: string,
    given: Readonly<Record<string, unknown>>,
    options: ForgetOptions,
  ): Promise<ForgetOutcome> {
    const definition = this.shared.definitions.named("entity", entity) as EntityDefinition;
    const keys = keysOf(definition, given);
    if (options.dryRun === true)
      return this.writing.upkeep.shared(async () => this.count(await this.keyOf(definition, keys), definition));
    return this.writing.upkeep.alone(async () => {
      await this.finish();
      const key = await this.keyOf(definition, keys);
      await this.served();
      const found = await this.writing.finder.find(key);
      if (isNothing(found)) return none(entity);
      return this.recorded(entity, (id) => this.begin(id, definition, key, options));
    });
  }

  /** Finishes what a crash interrupted, and forgets again what a restore has brought back. */
  async resume(): Promise<void> {
    await this.writing.upkeep.alone(() => this.finish());
    await this.forgetAgain();
  }

  /** Finishes what was begun, and failed or was interrupted. */
  private async finish(): Promise<void> {
    const begun = decodeForgetting(await this.parts.registry.note(FORGETTING));
    if (begun === null) return;
    if (begun.values === null) return this.cleanRegistry();
    const definition = await this.entityNamed(begun.entity);
    const key = await this.keyOf(definition, decodeKeyValues(Object.keys(definition.keys), begun.values));
    await this.recorded(begun.entity, (id) => this.run(id, definition, key, begun, {}));
  }

  /** An entity that is defined, or was when its key was to be forgotten. */
  private async entityNamed(name: string): Promise<EntityDefinition> {
    const known = await this.definitions();
    const found = known.findLast((one): one is EntityDefinition => one.kind === "entity" && one.name === name);
    if (found !== undefined) return found;
    throw new AsofError("ASOF_NOT_FOUND", `a key of ${name} is being forgotten, but there is no entity ${name}`, {
      name,
    });
  }

  /** Erases what is in the list of forgotten keys and was not forgotten by this very registry. */
  private async forgetAgain(): Promise<void> {
    const list = await this.forgotten.read();
    if (list === null) return;
    const done = await this.forgotten.done();
    for (const [entity, listed] of Map.groupBy(list.keys, (key) => key.entity)) {
      const missing = new Map(listed.filter(({ hash }) => !done.has(hash)).map((key) => [key.hash, key]));
      const definition = this.parts.catalog.entities.get(entity);
      if (missing.size === 0 || definition === undefined) continue;
      const hashOf = keyHasher(definition, list.secret);
      const carriers = keyCarriers(await this.definitions(), definition);
      await this.writing.archiveAll(`forget-again-${entity}-${this.writing.log.end}`);
      const again = new Map<string, EntityKeys>();
      for await (const keys of this.writing.finder.keysIn(carriers, definition.keys)) {
        const hash = hashOf(keys);
        if (missing.has(hash)) again.set(hash, keys);
      }
      for (const keys of again.values()) await this.forget(entity, keys, {});
      await this.forgotten.remember(
        [...missing.values()]
          .filter(({ hash }) => !again.has(hash))
          .map((key) => ({ ...key, sources: [], until: key.at })),
      );
    }
  }

  /** Writes down what is to be done, then does it. */
  private async begin(
    id: number,
    definition: EntityDefinition,
    key: KeyToErase,
    options: WorkOptions,
  ): Promise<ForgetOutcome> {
    const { clock, registry } = this.parts;
    const list = await this.forgotten.read(true);
    const found = await this.settle(id, key);
    const records = recordsIn(found);
    const forgetting: ForgettingKey = {
      entity: definition.name,
      hash: keyHasher(definition, list.secret)(key.keys),
      at: clock.now(),
      values: encodeKeyValues(key.keys),
      records,
      rejected: found.rejects.reduce((sum, { rows }) => sum + rows, 0),
      sources: Object.keys(records).filter((stream) =>
        key.carriers.some((one) => one.kind === "source" && one.matches(stream)),
      ),
    };
    await registry.setNote(FORGETTING, encodeForgetting(forgetting));
    return this.run(id, definition, key, forgetting, options);
  }

  /** Brings what is in the log into files, where it can be erased, and removes files that nothing refers to. */
  private async settle(id: number, key: KeyToErase): Promise<FoundRecords> {
    const { files, registry } = this.parts;
    await this.writing.materializer.abandon();
    const before = await files.list(HISTORY);
    // Whatever was being moved out of the log is in the list of files now, or never will be.
    await this.writing.archiveAll(`archive-${id}`);
    const known = new Set((await registry.files()).map(({ path }) => `${HISTORY}/${path}`));
    for (const { file } of before) if (!known.has(file)) await files.remove(file);
    // A backup that is being taken finds its files gone, and begins anew.
    await files.remove(PINNED);
    return this.writing.finder.find(key);
  }

  private async run(
    id: number,
    definition: EntityDefinition,
    key: KeyToErase,
    forgetting: ForgettingKey,
    options: WorkOptions,
  ): Promise<ForgetOutcome> {
    const { clock, registry, online, index } = this.parts;
    const { eraser, finder, fold } = this.writing;
    const began = clock.elapsed();
    const warnings: string[] = [];
    await this.forgetExamples();
    let files = await eraser.erase(key, await this.settle(id, key), `forget-${id}`);
    // What was withdrawn while its record was erased has come into the log once more. Now no id leads to it.
    if (await finder.isInLog(key)) files += await eraser.erase(key, await this.settle(id, key), `forget-${id}-again`);
    const recomputed = await this.recompute(id, forgetting, warnings, options);
    const rebuilt = await this.rebuild(forgetting, options);
    await fold.rewriteStore();
    this.shared.forgetKept();
    if (index !== online) await index.rewrite();
    const until = (await this.writing.writer.cut()).t;
    await this.forgotten.enlist(forgetting);
    await this.forgotten.remember([{ ...forgottenKey(forgetting), sources: forgetting.sources, until }]);
    await registry.redact(redacted(key));
    await registry.setNote(FORGETTING, encodeForgetting({ ...forgetting, values: null }));
    await this.cleanRegistry();
    return {
      entity: definition.name,
      erased: true,
      hash: forgetting.hash,
      records: forgetting.records,
      rejected: forgetting.rejected,
      files,
      rebuilt,
      recomputed,
      until,
      madeBefore: await runsMadeBefore(this.parts, forgetting),
      proof: await proveForgotten(this.shared, this.writing, definition, key),
      warnings,
      seconds: clock.elapsed() - began,
    };
  }

  /** The last step: until then the registry's file may hold the key, in what it no longer refers to. */
  private async cleanRegistry(): Promise<void> {
    const { registry } = this.parts;
    await registry.rewrite();
    await registry.setNote(FORGETTING, "");
  }

  /** Builds anew what is online of views over sources that have changed, and of batch views whose rows are gone. */
  private async rebuild(forgetting: ForgettingKey, options: WorkOptions): Promise<string[]> {
    const all = await this.shared.definitions.appliedViews();
    // What is applied, but not defined as it was, cannot be built anew: its state goes.
    await this.writing.materializer.follow(all);
    const rebuilt: string[] = [];
    for (const view of all.filter((one) => hasChanged(one, forgetting)))
      if (await this.writing.materializer.rebuild(view, all, options)) rebuilt.push(view.view.name);
    return rebuilt;
  }

  /** Computes batch views anew that read sources which have changed: new versions of rows take the place of old ones. */
  private async recompute(
    id: number,
    { sources }: ForgettingKey,
    warnings: string[],
    options: WorkOptions,
  ): Promise<string[]> {
    const { catalog, registry } = this.parts;
    const { definitions } = this.shared;
    const { computer, materializer, fold, writer } = this.writing;
    const all = await definitions.appliedViews();
    const recomputed: string[] = [];
    for (const target of all) {
      const { view } = target;
      if (view.kind !== "batchView" || !view.reads.some((name) => sources.includes(name))) continue;
      const stream = definitions.batchStream(view);
      if ((await registry.files(stream.name)).length === 0) continue;
      const request = { ...options, catalog, view, stream, id: `forget-${id}-${view.name}`, cut: () => writer.cut() };
      try {
        await computer.compute(request);
        recomputed.push(view.name);
        if (fold.views.views.some(({ fingerprint }) => fingerprint === target.fingerprint))
          await materializer.materialize(target, all, options);
      } catch (error) {
        // The key's own rows are erased in any case: only what they had counted for in others' rows is not.
        if (!(error instanceof AsofError) || error.code === "ASOF_CLOSED") throw error;
        warnings.push(`view ${view.name} could not be computed anew: ${error.message}`);
      }
    }
    return recomputed;
  }

  private async count(key: KeyToErase, { name }: EntityDefinition): Promise<ForgetOutcome> {
    const found = await this.writing.finder.find(key);
    const sources = Object.keys(found.records);
    const all = await this.shared.definitions.appliedViews();
    const changing = { records: found.records, sources };
    const online = new Set(this.writing.fold.views.views.map(({ fingerprint }) => fingerprint));
    return {
      ...none(name),
      records: found.records,
      rejected: found.rejects.reduce((sum, { rows }) => sum + rows, 0),
      files: found.files.length + found.rejects.length,
      rebuilt: all
        .filter((one) => online.has(one.fingerprint) && hasChanged(one, changing))
        .map(({ view }) => view.name),
      recomputed: all.flatMap(({ view }) =>
        view.kind === "batchView" && view.reads.some((source) => sources.includes(source)) ? [view.name] : [],
      ),
      madeBefore: await runsMadeBefore(this.parts, changing),
    };
  }

  private recorded(entity: string, work: (id: number) => Promise<ForgetOutcome>): Promise<ForgetOutcome> {
    return this.shared.recorder.record("forget", entity, "offline store", work, (outcome) => ({
      rows: Object.values(outcome.records).reduce((sum, rows) => sum + rows, 0),
      bytes: null,
      details: outcome,
    }));
  }

  private async keyOf(definition: EntityDefinition, keys: EntityKeys): Promise<KeyToErase> {
    const ever = await this.definitions();
    return {
      fields: definition.keys,
      keys,
      carriers: keyCarriers(ever, definition),
      identified: identifiedSources(ever),
    };
  }

  /** Every definition that the store has or ever had. */
  private async definitions(): Promise<Definition[]> {
    const ever = await this.parts.registry.everApplied();
    return [...ever.map(({ name, json }) => storedDefinition(json, name)), ...this.parts.catalog.all];
  }
}

function hasChanged({ view, stream }: MaterializableView, { records, sources }: Changed): boolean {
  return view.kind === "aggregateView" ? sources.includes(view.source) : Object.hasOwn(records, stream);
}

/** @throws ASOF_MISSING_KEY, ASOF_UNKNOWN_FIELD, ASOF_TYPE … */
function keysOf({ name, keys }: EntityDefinition, given: Readonly<Record<string, unknown>>): EntityKeys {
  for (const field of Object.keys(given))
    if (!Object.hasOwn(keys, field))
      throw new AsofError(
        "ASOF_UNKNOWN_FIELD",
        `entity ${name} has no key ${field}; it has ${Object.keys(keys).join(", ")}`,
        { entity: name, field },
      );
  return Object.fromEntries(
    Object.entries(keys).map(([field, type]) => {
      if (given[field] === undefined || given[field] === null)
        throw new AsofError("ASOF_MISSING_KEY", `name all keys of entity ${name}: ${Object.keys(keys).join(", ")}`, {
          entity: name,
          field,
        });
      return [field, canonicalize(type, given[field], field)];
    }),
  );
}

function recordsIn({ files }: FoundRecords): Record<string, number> {
  const records: Record<string, number> = {};
  for (const { file, rows } of files) records[file.stream] = (records[file.stream] ?? 0) + rows;
  return records;
}

function isNothing({ records, rejects, traces }: FoundRecords): boolean {
  return Object.keys(records).length === 0 && rejects.length === 0 && traces === 0;
}

function none(entity: string): ForgetOutcome {
  return {
    entity,
    erased: false,
    hash: null,
    records: {},
    rejected: 0,
    files: 0,
    rebuilt: [],
    recomputed: [],
    until: null,
    madeBefore: [],
    proof: null,
    warnings: [],
    seconds: 0,
  };
}
