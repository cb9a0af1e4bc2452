import { assert } from "../assert.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { AsofError } from "../errors.ts";
import type { Value } from "../schema/data-type.ts";
import type { OrderKey } from "./algebra.ts";
import { murmur3 } from "./murmur3.ts";

/** A value with where its record stands, where that matters, and how often both occur. */
export interface Kept {
  readonly value: Value;
  readonly key: OrderKey | null;
  readonly times: number;
}

/** How values of one kind are ordered and written. Equal ones have equal bytes. */
export interface KeptCodec {
  compare(a: Kept, b: Kept): number;
  /** Without how often it occurs. */
  encode(out: ByteWriter, kept: Kept): void;
  decode(input: ByteReader): Omit<Kept, "times">;
}

/** Values that stand together: in memory, as bytes, or both. */
interface Page<S> {
  items: Kept[] | null;
  bytes: Uint8Array | null;
  first: Kept | null;
  /** What an aggregation makes of the page, where that is known. */
  total: S | undefined;
}

/** About so many values make a page. A power of two; part of the stored format. */
const PAGE = 64;

const scratch = new ByteWriter(64);
const hash = new Uint32Array(4);

/**
 * A multiset of values in their order, cut into pages behind every value whose hash says so: the pages, and so the
 * bytes, depend on the values alone, and one that comes or goes touches one page, or two.
 */
export class KeptValues<S> {
  readonly #codec: KeptCodec;
  #pages: Page<S>[] = [];

  constructor(codec: KeptCodec) {
    this.#codec = codec;
  }

  get isEmpty(): boolean {
    return this.#pages.length === 0;
  }

  /** Takes up what `encode` wrote, where nothing is there yet. The bytes must not change any more. */
  restore(bytes: Uint8Array): void {
    assert(this.isEmpty, "values are restored into nothing");
    const input = new ByteReader(bytes);
    while (input.remaining > 0)
      this.#pages.push({ items: null, bytes: input.bytesView(), first: null, total: undefined });
  }

  encode(out: ByteWriter): void {
    for (const page of this.#pages) out.bytes(this.#bytesOf(page));
  }

  *[Symbol.iterator](): Generator<Kept> {
    for (const page of this.#pages) yield* this.#itemsOf(page);
  }

  add(added: Kept): void {
    let p = this.#pageOf(added);
    if (p < this.#pages.length) {
      const last = this.#itemsOf(this.#pages[p]).at(-1)!;
      // What ends a page has nothing behind it there.
      if (this.#codec.compare(last, added) < 0 && this.#endsPage(last)) p++;
    }
    if (p === this.#pages.length) {
      this.#pages.push({ items: [added], bytes: null, first: null, total: undefined });
      return;
    }
    const items = this.#changing(this.#pages[p]);
    const at = this.#placeOf(items, added);
    if (at < items.length && this.#codec.compare(items[at], added) === 0) {
      items[at] = { ...added, times: items[at].times + added.times };
      return;
    }
    items.splice(at, 0, added);
    if (at + 1 === items.length || !this.#endsPage(added)) return;
    this.#pages.splice(p + 1, 0, { items: items.splice(at + 1), bytes: null, first: null, total: undefined });
  }

  /** Takes one away that is there. */
  remove(removed: Kept): void {
    const p = this.#pageOf(removed);
    assert(p < this.#pages.length, "what is removed was added");
    const items = this.#changing(this.#pages[p]);
    const at = this.#placeOf(items, removed);
    assert(at < items.length && this.#codec.compare(items[at], removed) === 0, "what is removed was added");
    const { times } = items[at];
    if (times > 1) {
      items[at] = { ...removed, times: times - 1 };
      return;
    }
    items.splice(at, 1);
    if (items.length === 0) this.#pages.splice(p, 1);
    else if (at === items.length && p + 1 < this.#pages.length) {
      for (const item of this.#itemsOf(this.#pages[p + 1])) items.push(item);
      this.#pages.splice(p + 1, 1);
    }
  }

  /** Everything as an aggregation has it, from what it has of each page, which is made once. */
  total(empty: S, ofPage: (items: readonly Kept[]) => S, merge: (into: S, from: S) => S): S {
    let total = empty;
    for (const page of this.#pages) {
      page.total ??= ofPage(this.#itemsOf(page));
      total = merge(total, page.total);
    }
    return total;
  }

  #changing(page: Page<S>): Kept[] {
    const items = this.#itemsOf(page);
    page.bytes = null;
    page.first = null;
    page.total = undefined;
    return items;
  }

  #itemsOf(page: Page<S>): Kept[] {
    if (page.items !== null) return page.items;
    const items: Kept[] = [];
    const input = new ByteReader(page.bytes!);
    while (input.remaining > 0) items.push(this.#read(input));
    if (items.length === 0) throw new AsofError("ASOF_CORRUPT", "stored bytes hold an empty page of values", {});
    page.items = items;
    return items;
  }

  #bytesOf(page: Page<S>): Uint8Array {
    if (page.bytes !== null) return page.bytes;
    const out = new ByteWriter();
    for (const item of page.items!) {
      out.varint(item.times);
      this.#codec.encode(out, item);
    }
    page.bytes = out.finish();
    return page.bytes;
  }

  #firstOf(page: Page<S>): Kept {
    page.first ??= page.items?.[0] ?? this.#read(new ByteReader(page.bytes!));
    return page.first;
  }

  #read(input: ByteReader): Kept {
    const times = input.varint();
    if (times === 0) throw new AsofError("ASOF_CORRUPT", "stored bytes hold a value that never occurs", {});
    const { value, key } = this.#codec.decode(input);
    return { value, key, times };
  }

  #endsPage(item: Kept): boolean {
    scratch.reset();
    this.#codec.encode(scratch, item);
    murmur3(scratch.view(), hash);
    return hash[0] % PAGE === 0;
  }

  /** The last page that does not begin behind an item; the first one where all do. */
  #pageOf(item: Kept): number {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#codec.compare(this.#firstOf(this.#pages[middle]), item) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** The first place whose value is not below. */
  #placeOf(items: readonly Kept[], item: Kept): number {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#codec.compare(items[middle], item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
