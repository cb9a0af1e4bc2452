import { assert } from "../assert.ts";
import { AsofError } from "../errors.ts";

/** Strings up to this length are copied by hand; beyond it the platform's coder is faster. */
const SHORT = 48;
const MAX = 2 ** 53;
/** What four bytes of a varint hold. */
const LOW = 2 ** 28;
const NAN = 0x7ff8_0000_0000_0000n;
const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The memory that short results share which a writer cuts off one after the other, in bytes. */
export const PIECE = 64 * 1024;

/**
 * Writes bytes into a growing buffer that is reused after `reset()`. Integers are LEB128 varints in their shortest
 * form and everything else little-endian, so that equal values have equal bytes on every machine.
 */
export class ByteWriter {
  readonly #capacity: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #data: DataView;
  /** Where what is written began: behind what was cut off. */
  #start = 0;
  #end = 0;

  constructor(capacity = 256) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity);
    this.#data = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Forgets what was written, or what was written beyond `length`; the memory is kept. */
  reset(length = 0): void {
    assert(length <= this.length, "a writer can only be reset backwards");
    this.#end = this.#start + length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(this.#start, this.#end);
  }

  /**
   * What was written, in place, which the writer leaves alone from then on. Many small results of a writer with much room
   * cost less than a copy of each; they stay in memory together.
   */
  cut(): Uint8Array<ArrayBuffer> {
    const cut = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return cut;
  }

  /** What was written, in place: valid until the next write or reset. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Makes room for so many bytes more, which then come to be in one piece. */
  ensure(size: number): void {
    if (this.#end + size > this.#bytes.length) this.#grow(size);
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#data.setUint32(at, value, true);
  }

  /** Writes over four bytes that were written at a position from the beginning on. */
  patchU32(position: number, value: number): void {
    assert(position + 4 <= this.length, "what is written over was written");
    this.#data.setUint32(this.#start + position, value, true);
  }

  /** A whole number in 1, 2 or 4 bytes, as two's complement where it is negative. */
  integer(value: number, width: number): void {
    const at = this.#reserve(width);
    if (width === 1) this.#bytes[at] = value;
    else if (width === 2) this.#data.setInt16(at, value, true);
    else this.#data.setInt32(at, value, true);
  }

  /** NaN has one form, whatever bits the machine gave it. */
  f64(value: number): void {
    const at = this.#reserve(8);
    if (value === value) this.#data.setFloat64(at, value, true);
    else this.#data.setBigUint64(at, NAN, true);
  }

  i64(value: bigint): void {
    const at = this.#reserve(8);
    this.#data.setBigInt64(at, value, true);
  }

  /** A whole number from 0 to 2^53, in 1 to 8 bytes. */
  varint(value: number): void {
    if ((value & 0x7f) === value) {
      this.u8(value);
      return;
    }
    let at = this.#reserve(8);
    let rest = value;
    if ((value & 0x7fff_ffff) !== value) {
      assert(value >= 0 && value <= MAX && Math.floor(value) === value, "an unsigned varint is whole, 0 to 2^53");
      const bytes = this.#bytes;
      rest = Math.floor(value / LOW);
      const low = value - rest * LOW;
      bytes[at] = low | 0x80;
      bytes[at + 1] = (low >>> 7) | 0x80;
      bytes[at + 2] = (low >>> 14) | 0x80;
      bytes[at + 3] = (low >>> 21) | 0x80;
      at += 4;
    }
    const bytes = this.#bytes;
    while (rest >= 0x80) {
      bytes[at++] = rest | 0x80;
      rest >>>= 7;
    }
    bytes[at] = rest;
    this.#end = at + 1;
  }

  /** A whole number within ±2^53, in 1 to 8 bytes; the nearer to zero the fewer. */
  zigzag(value: number): void {
    if ((value << 1) >> 1 === value) {
      this.varint(((value << 1) ^ (value >> 31)) >>> 0);
      return;
    }
    // Twice the magnitude may be inexact, so the sign goes into the first byte and the rest is a varint.
    const sign = value < 0 ? 1 : 0;
    const magnitude = sign === 1 ? -value - 1 : value;
    assert(magnitude <= MAX && Math.floor(magnitude) === magnitude, "a signed varint is whole, within ±2^53");
    const high = Math.floor(magnitude / 64);
    this.u8(0x80 | ((magnitude - high * 64) << 1) | sign);
    this.varint(high);
  }

  /** The length in bytes, then UTF-8. @throws AsofError ASOF_STRING for lone surrogates, which have no UTF-8. */
  string(value: string): void {
    const size = value.length;
    if (size <= SHORT) {
      const at = this.#reserve(size + 1);
      const bytes = this.#bytes;
      let i = 0;
      for (; i < size; i++) {
        const code = value.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[at + 1 + i] = code;
      }
      if (i === size) {
        bytes[at] = size;
        return;
      }
      this.#end = at;
    }
    if (!value.isWellFormed()) throw new AsofError("ASOF_STRING", "a string holds a lone surrogate");
    // The length's own width depends on the length: leave room for the widest, then move into place.
    const guess = varintSize(size * 3);
    const start = this.#reserve(guess + size * 3);
    const { written } = utf8Encoder.encodeInto(value, this.#bytes.subarray(start + guess));
    this.#end = start;
    this.varint(written);
    if (this.#end !== start + guess) this.#bytes.copyWithin(this.#end, start + guess, start + guess + written);
    this.#end += written;
  }

  /** The length, then the bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** The bytes alone: whoever reads them must know how many there are. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  #reserve(size: number): number {
    if (this.#end + size > this.#bytes.length) this.#grow(size);
    const at = this.#end;
    this.#end = at + size;
    return at;
  }

  /** Makes room for so many bytes more; what was cut off keeps the memory in which it is. */
  #grow(size: number): void {
    const written = this.view();
    const bytes = new Uint8Array(Math.max(this.#capacity, 2 * written.length, written.length + size));
    bytes.set(written);
    this.#bytes = bytes;
    this.#data = new DataView(bytes.buffer);
    this.#start = 0;
    this.#end = written.length;
  }
}

/**
 * Reads what a `ByteWriter` wrote. Whatever the bytes hold, it reads nothing outside of them and either returns a
 * value that the writer can have written or throws ASOF_CORRUPT.
 */
export class ByteReader {
  #bytes: Uint8Array;
  /** Made when it is asked for: short bytes seldom hold what is read by it. */
  #view: DataView | null = null;
  #at: number;
  #end: number;

  constructor(bytes: Uint8Array, offset = 0, length: number = bytes.length - offset) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = 0;
    this.reset(bytes, offset, length);
  }

  /** Starts over on other bytes, or elsewhere in the same: allocates nothing where the array is the same one. */
  reset(bytes: Uint8Array, offset = 0, length: number = bytes.length - offset): void {
    assert(offset >= 0 && length >= 0 && offset + length <= bytes.length, "a reader's range lies in its bytes");
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = null;
    }
    this.#at = offset;
    this.#end = offset + length;
  }

  /** Where the next read begins, as an index into the array. */
  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  /** The array, and where what may be read of it ends: for those who read by hand, and `seek` to where they stopped. */
  get array(): Uint8Array {
    return this.#bytes;
  }

  get limit(): number {
    return this.#end;
  }

  /** The array's bytes at the same indices. */
  get data(): DataView {
    const bytes = this.#bytes;
    return (this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** Goes on elsewhere. @throws AsofError ASOF_CORRUPT behind the end */
  seek(position: number): void {
    if (position > this.#end) throw this.#corrupt("cut short");
    this.#at = position;
  }

  u8(): number {
    return this.#bytes[this.#take(1)];
  }

  u32(): number {
    return this.data.getUint32(this.#take(4), true);
  }

  /** A whole number of 1, 2 or 4 bytes. */
  integer(width: number, signed: boolean): number {
    const at = this.#take(width);
    if (width === 1) return signed ? (this.#bytes[at] << 24) >> 24 : this.#bytes[at];
    if (width === 2) return signed ? this.data.getInt16(at, true) : this.data.getUint16(at, true);
    if (width !== 4) throw this.#corrupt(`no integer has ${width} bytes`);
    return signed ? this.data.getInt32(at, true) : this.data.getUint32(at, true);
  }

  f64(): number {
    return this.data.getFloat64(this.#take(8), true);
  }

  i64(): bigint {
    return this.data.getBigInt64(this.#take(8), true);
  }

  varint(): number {
    const first = this.u8();
    return first < 0x80 ? first : this.#varint(first);
  }

  zigzag(): number {
    const first = this.u8();
    const sign = first & 1;
    let magnitude = (first >> 1) & 63;
    if (first >= 0x80) {
      const high = this.varint();
      if (high === 0) throw this.#corrupt("an integer is longer than it need be");
      if (high * 64 > MAX - magnitude - sign) throw this.#corrupt("an integer is out of range");
      magnitude += high * 64;
    }
    return sign === 1 ? -magnitude - 1 : magnitude;
  }

  /** @param like what is probably there: it is given back, rather than a new string, where the bytes spell it */
  string(like?: string): string {
    const size = this.varint();
    const at = this.#take(size);
    const bytes = this.#bytes;
    if (like !== undefined && this.#spells(like, at, size)) return like;
    if (size <= SHORT) {
      let text = "";
      let i = at;
      const end = at + size;
      for (; i + 4 <= end; i += 4) {
        const [a, b, c, d] = [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]];
        if ((a | b | c | d) >= 0x80) return this.#utf8(at, size);
        text += String.fromCharCode(a, b, c, d);
      }
      for (; i < end; i++) {
        if (bytes[i] >= 0x80) return this.#utf8(at, size);
        text += String.fromCharCode(bytes[i]);
      }
      return text;
    }
    return this.#utf8(at, size);
  }

  /** A copy of length-prefixed bytes. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.bytesView());
  }

  /** Length-prefixed bytes in place: valid as long as the reader's own array. */
  bytesView(): Uint8Array {
    return this.rawView(this.varint());
  }

  /** The next `size` bytes in place. */
  rawView(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  /** Refuses bytes left over. @throws AsofError ASOF_CORRUPT */
  end(): void {
    if (this.#at !== this.#end) throw this.#corrupt(`${this.#end - this.#at} bytes too many`);
  }

  #varint(first: number): number {
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return this.#shortest(byte, value);
    }
    let high = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (high * LOW > MAX - value) break;
        return this.#shortest(byte, high * LOW + value);
      }
    }
    throw this.#corrupt("an integer is out of range");
  }

  #shortest(last: number, value: number): number {
    if (last === 0) throw this.#corrupt("an integer is longer than it need be");
    return value;
  }

  /** Whether bytes are those of a text of ASCII alone. */
  #spells(text: string, at: number, size: number): boolean {
    if (text.length !== size) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80 || bytes[at + i] !== code) return false;
    }
    return true;
  }

  #utf8(at: number, size: number): string {
    try {
      return utf8Decoder.decode(this.#bytes.subarray(at, at + size));
    } catch (cause) {
      throw new AsofError("ASOF_CORRUPT", `a string at byte ${at} is not UTF-8`, { byte: at }, cause);
    }
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#end - at) throw this.#corrupt(`cut short: ${size} bytes wanted, ${this.#end - at} left`);
    this.#at = at + size;
    return at;
  }

  #corrupt(why: string): AsofError {
    return new AsofError("ASOF_CORRUPT", `stored bytes are damaged at byte ${this.#at}: ${why}`, { byte: this.#at });
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}
