import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AsofError } from "../../core/errors.ts";
import { OneByOne } from "../../core/one-by-one.ts";
import type { Put } from "../../ports/online-store.ts";
import { decodeJournal, encodeJournal } from "./journal.ts";
import type { KeySpace } from "./key-space.ts";
import { decodeMarker, encodeMarker, type Marker } from "./marker.ts";
import type { RedisClient } from "./redis-client.ts";
import { isTransient, lost, unavailable } from "./redis-error.ts";
import { APPLY, PLACE, REMOVE, SET_IF } from "./scripts.ts";
import { removeAll } from "./stored-keys.ts";

/** How long one command of a commit may take, and how long a commit is tried again, in milliseconds. */
const COMMAND_MS = 10_000;
const PATIENCE_MS = 1_000;
const PAUSE_MS = 20;

const NO_SETS = Buffer.from("0");

/** What the writer knows of the markers: as they are in Redis, once no command of it is under way. */
interface Claimed {
  readonly markers: Marker[];
  readonly bytes: Buffer[];
}

interface Found {
  readonly marker: Marker;
  readonly bytes: Buffer;
}

/**
 * The one writer of a store. Every change of a partition is one script that compares the partition's marker with the
 * one expected and leaves the next one: nothing is done twice, out of order, or by a writer that has been replaced.
 *
 * In one partition (one server) such a script is a whole commit. A commit to several is first written into a journal
 * in the first partition, then to each of them, and counts once the first has its number; whoever finds the journal
 * of an unfinished one finishes it.
 */
export class RedisWriter {
  readonly #client: RedisClient;
  readonly #space: KeySpace;
  readonly #owner: string;
  readonly #id = randomUUID();
  readonly #turns = new OneByOne();
  #claimed: Claimed | null = null;
  /** Whether a command was sent of which it is not known what became. */
  #unresolved = true;
  #claiming: Promise<void> | null = null;
  #lost: AsofError | null = null;
  /** The number of the newest commit that was acknowledged. */
  acknowledged = 0;

  constructor(client: RedisClient, space: KeySpace, owner: string) {
    this.#client = client;
    this.#space = space;
    this.#owner = owner;
  }

  /**
   * Becomes the writer of what is there; of a new, empty store where there is nothing whole. Tries for a while, in
   * milliseconds.
   */
  open(patience: number): Promise<void> {
    return this.#turns.run(() => this.#insistently(patience, () => this.#claim()));
  }

  /** Throws while what was written is missing. @throws ASOF_ONLINE_LOST */
  assertWhole(): void {
    if (this.#lost !== null) throw this.#lost;
  }

  /** Waits until it is known what became of all that was sent. Nothing where it is known. */
  settled(): Promise<void> | null {
    return this.#unresolved ? this.verify() : null;
  }

  /** Makes sure that nothing is missing, and says so in the markers. @throws ASOF_ONLINE_LOST and what else hinders */
  verify(): Promise<void> {
    this.#claiming ??= this.#turns.run(() => this.#claim()).finally(() => (this.#claiming = null));
    return this.#claiming;
  }

  /** Tells that something was found missing. */
  loses(why: string): AsofError {
    return (this.#lost ??= lost(this.#client.address, why));
  }

  /** Begins a new, empty store in the place of what is there. */
  startAnew(): Promise<void> {
    return this.#turns.run(() => this.#startAnew());
  }

  /** @param changes at most one of each key */
  commit(changes: readonly Put[]): Promise<void> {
    return this.#turns.run(() => this.#commit(changes));
  }

  async #commit(changes: readonly Put[]): Promise<void> {
    let target: number | null = null;
    await this.#insistently(PATIENCE_MS, async () => {
      this.assertWhole();
      if (this.#unresolved) await this.#claim();
      target ??= this.#commitNumber + 1;
      // A try that seemed to fail may have come through.
      if (this.#commitNumber < target && !(await this.#try(changes, target))) throw this.#disturbed();
      this.acknowledged = target;
    });
  }

  /** Tries again what fails with an error that may pass. */
  async #insistently(patience: number, work: () => Promise<void>): Promise<void> {
    const end = performance.now() + patience;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isTransient(error) || performance.now() + PAUSE_MS > end) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  get #commitNumber(): number {
    return this.#claimed!.markers[0].commit;
  }

  /** False where another has changed a marker. */
  async #try(changes: readonly Put[], commit: number): Promise<boolean> {
    const { markers } = this.#claimed!;
    const parts = this.#split(changes);
    const others = [...parts.keys()].filter((partition) => partition !== 0);
    this.#unresolved = true;
    if (others.length > 0) {
      if (!(await this.#journal(encodeJournal(commit, changes)))) return false;
      const applied = await Promise.all(
        others.map((partition) => this.#apply(partition, parts.get(partition)!, { ...markers[partition], commit })),
      );
      if (applied.includes(false)) return false;
    }
    const [{ last, ...first }] = markers;
    const next = {
      ...first,
      commit,
      ...(last === undefined ? {} : { last: last.map((one, p) => (parts.has(p) ? commit : one)) }),
    };
    if (!(await this.#apply(0, parts.get(0) ?? [], next, others.length > 0))) return false;
    this.#unresolved = false;
    return true;
  }

  #split(changes: readonly Put[]): Map<number, Put[]> {
    // The first has the number of the newest commit, and is changed by each.
    const parts = new Map<number, Put[]>([[0, []]]);
    for (const put of changes) {
      const partition = this.#space.partitionOf(put[0]);
      const part = parts.get(partition);
      if (part === undefined) parts.set(partition, [put]);
      else part.push(put);
    }
    return parts;
  }

  async #journal(journal: Uint8Array): Promise<boolean> {
    const keys = [this.#space.heads[0], this.#space.journal];
    return (await this.#client.script(0, SET_IF, keys, [this.#claimed!.bytes[0], journal], COMMAND_MS)) === 1;
  }

  async #apply(partition: number, puts: readonly Put[], next: Marker, endsJournal = false): Promise<boolean> {
    const claimed = this.#claimed!;
    const stored = (key: Uint8Array): Buffer => this.#space.stored(partition, key);
    const sets = puts.filter(([, value]) => value !== null);
    const removals = puts.filter(([, value]) => value === null);
    const bytes = encodeMarker(next);
    const answer = await this.#client.script(
      partition,
      APPLY,
      [
        this.#space.heads[partition],
        ...sets.map(([key]) => stored(key)),
        ...removals.map(([key]) => stored(key)),
        ...(endsJournal ? [this.#space.journal] : []),
      ],
      [claimed.bytes[partition], bytes, Buffer.from(String(sets.length)), ...sets.map(([, value]) => value!)],
      COMMAND_MS,
    );
    if (answer === 0) return false;
    claimed.markers[partition] = next;
    claimed.bytes[partition] = bytes;
    return true;
  }

  /**
   * Takes all markers into a new epoch, under which no command of an earlier one takes effect any more, and finds out
   * what there is: finishes a commit that was under way, or sees that something is missing.
   */
  async #claim(): Promise<void> {
    const wasOpen = this.#claimed !== null;
    this.assertWhole();
    await this.#client.infos();
    const first = await this.#claimFirst();
    if (first === null) return wasOpen ? this.#miss("holds nothing any more") : this.#startAnew();
    if (first.marker.commit < this.acknowledged)
      return this.#miss(`has commit ${first.marker.commit} as the newest, but ${this.acknowledged} was acknowledged`);
    const rest = await Promise.all(
      Array.from({ length: this.#space.partitions - 1 }, (_, i) => this.#claimOther(i + 1, first.marker.epoch)),
    );
    const journal = this.#space.partitions === 1 ? null : await this.#client.get(0, this.#space.journal, COMMAND_MS);
    const unfinished = journal === null ? null : decodeJournal(journal);
    const pending = unfinished?.commit === first.marker.commit + 1 ? unfinished : null;
    const parts = pending === null ? null : this.#split(pending.changes);
    const missing = rest.findIndex((one, i) => {
      const expected = first.marker.last![i + 1];
      return (
        one === null ||
        !(one.marker.commit === expected || (parts?.has(i + 1) === true && one.marker.commit === pending!.commit))
      );
    });
    if (missing !== -1)
      return wasOpen ? this.#miss(`has not what was written into partition ${missing + 1}`) : this.#startAnew();
    const all = [first, ...rest.map((one) => one!)];
    this.#claimed = { markers: all.map(({ marker }) => marker), bytes: all.map(({ bytes }) => bytes) };
    if (pending !== null && !(await this.#finish(pending.commit, parts!))) throw this.#disturbed();
    this.#unresolved = false;
    this.acknowledged = Math.max(this.acknowledged, this.#commitNumber);
  }

  async #finish(commit: number, parts: ReadonlyMap<number, readonly Put[]>): Promise<boolean> {
    const { markers } = this.#claimed!;
    for (const [partition, puts] of parts)
      if (partition !== 0 && markers[partition].commit !== commit)
        if (!(await this.#apply(partition, puts, { ...markers[partition], commit }))) return false;
    const last = markers[0].last!.map((one, p) => (parts.has(p) ? commit : one));
    return this.#apply(0, parts.get(0)!, { ...markers[0], commit, last }, true);
  }

  /** Null where the first partition has no marker, or one of a store that was spread in another way. */
  async #claimFirst(): Promise<Found | null> {
    return this.#swap(0, (found) => {
      if (found.owner !== this.#owner)
        throw new AsofError(
          "ASOF_ONLINE_TAKEN",
          `Redis at ${this.#client.address} holds the online store of another home`,
          { part: "online" },
        );
      if (this.#claimed !== null && found.writer !== this.#id)
        throw new AsofError(
          "ASOF_ONLINE_TAKEN",
          `another process has become the writer of the online store in Redis at ${this.#client.address}`,
          {
            part: "online",
          },
        );
      return (found.last?.length ?? 1) === this.#space.partitions
        ? { ...found, writer: this.#id, epoch: found.epoch + 1 }
        : null;
    });
  }

  #claimOther(partition: number, epoch: number): Promise<Found | null> {
    return this.#swap(partition, (found) => {
      if (found.owner !== this.#owner) return null;
      if (found.epoch > epoch) throw this.#disturbed();
      return { ...found, writer: this.#id, epoch };
    });
  }

  /** Puts another marker in the place of the one that is there. Commands on their way may change it meanwhile. */
  async #swap(partition: number, change: (found: Marker) => Marker | null): Promise<Found | null> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const [found] = await this.#client.values(partition, [], PATIENCE_MS);
      if (found === null) return null;
      const replication = await this.#client.replication(partition);
      const changed = change(decodeMarker(found, `Redis at ${this.#client.address}`));
      if (changed === null) return null;
      const marker = { ...changed, replication };
      const bytes = encodeMarker(marker);
      const keys = [this.#space.heads[partition]];
      const answer = await this.#client.script(partition, APPLY, keys, [found, bytes, NO_SETS], PATIENCE_MS);
      if (answer !== 0) return { marker, bytes };
    }
    throw this.#disturbed();
  }

  async #startAnew(): Promise<void> {
    this.#claimed = null;
    this.#unresolved = true;
    const { partitions, heads, journal } = this.#space;
    // Later than any that was, whatever became of its marker.
    const epoch = Date.now();
    // The markers first: nothing may be read while the rest goes.
    await this.#client.script(0, REMOVE, [heads[0], journal], [], COMMAND_MS);
    await removeAll(this.#client, this.#space);
    const all = Array.from({ length: partitions }, async (_, partition) => {
      const replication = await this.#client.replication(partition);
      const last = partition === 0 && partitions > 1 ? { last: Array.from({ length: partitions }, () => 0) } : {};
      const marker: Marker = { owner: this.#owner, writer: this.#id, epoch, commit: 0, replication, ...last };
      return { marker, bytes: encodeMarker(marker) };
    });
    const made = await Promise.all(all);
    // The first at last, without which there is no store.
    await Promise.all(
      made.slice(1).map(({ bytes }, i) => this.#client.script(i + 1, PLACE, [heads[i + 1]], [bytes], COMMAND_MS)),
    );
    await this.#client.script(0, PLACE, [heads[0]], [made[0].bytes], COMMAND_MS);
    this.#claimed = { markers: made.map(({ marker }) => marker), bytes: made.map(({ bytes }) => bytes) };
    this.acknowledged = 0;
    this.#lost = null;
    this.#unresolved = false;
  }

  #miss(what: string): never {
    throw this.loses(what);
  }

  #disturbed(): AsofError {
    return unavailable(`the online store in Redis at ${this.#client.address} is being changed by another process`);
  }
}
