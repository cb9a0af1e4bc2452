import { contentDigest } from "../../core/codec/content-digest.ts";
import { idKeyMatcher } from "../../core/codec/id-key.ts";
import { decodeIdentity } from "../../core/codec/identity-codec.ts";
import { recordsPrefix } from "../../core/codec/identity-keys.ts";
import type { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { ByteReader } from "../../core/codec/bytes.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { without, withoutBefore } from "../../core/identity/erasure.ts";
import { sameAcrossWidths } from "../../core/schema/compare.ts";
import type { Identity } from "../../core/identity/identity.ts";
import type { Row } from "../../core/schema/data-type.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OnlineStore } from "../../ports/online-store.ts";
import { type Identities, keyText } from "./identities.ts";
import { identityOf } from "./source-identity.ts";

/** A record that is erased from history: its row, and its position, that of its load where it came with one. */
export interface ErasedRecord {
  readonly row: Row;
  readonly position: LogPosition;
}

/** What is known of records by their ids, beside the log and the files; nothing for a source without an `id`. */
export interface ErasableIdentities {
  /** Forgets records. What else is known of their ids stays. Called again with the same after a crash. */
  forgetRecords(source: SourceDefinition, records: readonly ErasedRecord[]): Promise<void>;
  /** What is known of the ids of rows now, each id once, with the row that names it. */
  known(source: SourceDefinition, rows: readonly Row[]): Promise<{ readonly row: Row; readonly identity: Identity }[]>;
  /** Forgets ids that hold these values of their columns, but for records from a position on. */
  forgetIds(source: SourceDefinition, values: Row, until: LogPosition): Promise<void>;
  /** How many ids hold these values of their columns. */
  ids(source: SourceDefinition, values: Row): Promise<number>;
  /** How many ids have a record below a position that holds these values. */
  records(source: SourceDefinition, values: Row, until: LogPosition): Promise<number>;
}

/** Ids whose state is read and changed at once. */
const PORTION = 10_000;

/** Erases from the index of identities. What it leaves in the store's free pages, rewriting the store removes. */
export class IdentityEraser implements ErasableIdentities {
  private readonly identities: Identities;
  private readonly store: OnlineStore;
  private readonly schemas: StreamSchemas;

  constructor(parts: { identities: Identities; store: OnlineStore; schemas: StreamSchemas }) {
    this.identities = parts.identities;
    this.store = parts.store;
    this.schemas = parts.schemas;
  }

  async forgetRecords(definition: SourceDefinition, records: readonly ErasedRecord[]): Promise<void> {
    const source = identityOf(definition);
    if (source === null) return;
    for (let i = 0; i < records.length; i += PORTION) {
      const portion = records
        .slice(i, i + PORTION)
        .map(({ row, position }) => ({ key: source.key(row), position, row: source.content(row).row }));
      const versions = Map.groupBy(portion, ({ key }) => keyText(key));
      await this.identities.change(
        definition.name,
        [...versions.values()].map(([{ key }]) => key),
        (key, identity) =>
          without(
            identity,
            versions.get(keyText(key))!.map(({ position, row }) => ({ position, digest: contentDigest(row) })),
          ),
      );
    }
  }

  async known(
    definition: SourceDefinition,
    rows: readonly Row[],
  ): Promise<{ readonly row: Row; readonly identity: Identity }[]> {
    const source = identityOf(definition);
    if (source === null) return [];
    const named = [...new Map(rows.map((row) => [keyText(source.key(row)), row])).values()];
    const found: { row: Row; identity: Identity }[] = [];
    for (let i = 0; i < named.length; i += PORTION) {
      const portion = named.slice(i, i + PORTION);
      const identities = await this.identities.known(portion.map((row) => source.key(row)));
      for (const [at, row] of portion.entries()) found.push({ row, identity: identities[at] });
    }
    return found;
  }

  async forgetIds(source: SourceDefinition, values: Row, until: LogPosition): Promise<void> {
    const keys: Uint8Array[] = [];
    for await (const key of this.idsWith(source, values)) keys.push(key);
    for (let i = 0; i < keys.length; i += PORTION)
      await this.identities.change(source.name, keys.slice(i, i + PORTION), (_, identity) =>
        withoutBefore(identity, until),
      );
  }

  async ids(source: SourceDefinition, values: Row): Promise<number> {
    let found = 0;
    for await (const _ of this.idsWith(source, values)) found++;
    return found;
  }

  async records({ name }: SourceDefinition, values: Row, until: LogPosition): Promise<number> {
    await this.identities.flush();
    let found = 0;
    for await (const [, bytes] of this.store.scan(recordsPrefix(name))) {
      const { live } = decodeIdentity(bytes);
      if (live === null || live.position >= until) continue;
      const row = this.schemas.codecOf(live.schema).decode(new ByteReader(live.row));
      if (Object.entries(values).every(([column, value]) => sameAcrossWidths(row[column], value))) found++;
    }
    return found;
  }

  /** The keys of ids that hold these values. Ids too long for a key are found by their records only. */
  private async *idsWith(definition: SourceDefinition, values: Row): AsyncGenerator<Uint8Array> {
    const source = identityOf(definition);
    if (source === null || !Object.keys(values).every((column) => Object.hasOwn(source.fields, column))) return;
    await this.identities.flush();
    const prefix = recordsPrefix(definition.name);
    const matches = idKeyMatcher(source.fields, values);
    for await (const [key] of this.store.scan(prefix)) if (matches(key.subarray(prefix.length))) yield key;
  }
}
