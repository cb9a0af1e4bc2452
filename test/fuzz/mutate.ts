import type { Random } from "../../src/surfaces/verify/random.ts";
import { mutateJson, mutateLines } from "./mutate-json.ts";
import type { Syntax } from "./target.ts";

/** Longest input that insertions and splices make. */
const LONGEST = 1 << 20;

/** Bytes at which readers often go wrong: ends of ranges, continued varints, JSON's own characters. */
const BYTES = [0, 1, 2, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xf4, 0xfe, 0xff, 0x22, 0x5c, 0x7b, 0x5b, 0x2d, 0x0a];

/** Integers as a varint, as a double and as fixed width say them: lengths and counts that would fill any memory. */
const WHOLE = [0, 1, 127, 128, 255, 65_535, 2 ** 24, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const DOUBLES = [...WHOLE, -1, -0, 0.5, 2 ** 53, 1e300, Number.NaN, Infinity, -Infinity, 5e-324, 8.64e18, -8.64e18];

/** Changes bytes in one to four places; `other` is what splices take from. */
export function mutate(random: Random, syntax: Syntax, from: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = from.slice();
  for (let n = random.weighted(COUNTS); n > 0; n--) bytes = changeOnce(random, syntax, bytes, other);
  return bytes;
}

const COUNTS = [
  [8, 1],
  [4, 2],
  [2, 3],
  [1, 4],
] as const;

function changeOnce(random: Random, syntax: Syntax, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  if (syntax === "json" && random.chance(0.75)) return mutateJson(random, bytes);
  if (syntax === "ndjson" && random.chance(0.75)) return mutateLines(random, bytes);
  return random.pick(BINARY)(random, bytes, other);
}

type Mutation = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const at = (random: Random, bytes: Uint8Array): number => random.whole(0, Math.max(0, bytes.length - 1));

const flipBit: Mutation = (random, bytes) => {
  if (bytes.length > 0) bytes[at(random, bytes)] ^= 1 << random.whole(0, 7);
  return bytes;
};

const setByte: Mutation = (random, bytes) => {
  if (bytes.length > 0) bytes[at(random, bytes)] = random.chance(0.7) ? random.pick(BYTES) : random.whole(0, 255);
  return bytes;
};

const step: Mutation = (random, bytes) => {
  if (bytes.length > 0) bytes[at(random, bytes)] += random.pick([-1, 1]);
  return bytes;
};

const insert: Mutation = (random, bytes) => {
  const made = Uint8Array.from({ length: random.whole(1, 8) }, () => random.pick(BYTES));
  return replaced(bytes, at(random, bytes), 0, made);
};

const repeat: Mutation = (random, bytes) => {
  const from = at(random, bytes);
  const part = bytes.subarray(from, from + random.whole(1, 32));
  const times = random.chance(0.05) ? random.whole(2, 200) : 1;
  const made = new Uint8Array(part.length * times);
  for (let i = 0; i < times; i++) made.set(part, i * part.length);
  return replaced(bytes, from, 0, made);
};

const remove: Mutation = (random, bytes) =>
  replaced(bytes, at(random, bytes), random.chance(0.6) ? random.whole(1, 4) : random.whole(1, 64), NOTHING);

const truncate: Mutation = (random, bytes) => bytes.slice(0, at(random, bytes));

const splice: Mutation = (random, bytes, other) => {
  const from = at(random, other);
  return replaced(bytes, at(random, bytes), random.whole(0, 40), other.subarray(from, from + random.whole(1, 80)));
};

/** The beginning of one and the end of another. */
const cross: Mutation = (random, bytes, other) =>
  replaced(bytes, at(random, bytes), bytes.length, other.subarray(at(random, other)));

const varint: Mutation = (random, bytes) => replaced(bytes, at(random, bytes), random.whole(0, 2), longNumber(random));

const fixed: Mutation = (random, bytes) => {
  const width = random.pick([2, 4, 8, 8]);
  if (bytes.length < width) return bytes;
  const place = random.whole(0, bytes.length - width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 8) view.setFloat64(place, random.pick(DOUBLES), true);
  else if (width === 4) view.setUint32(place, random.pick(WHOLE), random.chance(0.9));
  else view.setUint16(place, random.pick(WHOLE), true);
  return bytes;
};

const NOTHING = new Uint8Array(0);
const BINARY = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  step,
  insert,
  repeat,
  remove,
  truncate,
  splice,
  cross,
  varint,
  fixed,
];

/** A number as a varint; sometimes one that never ends, or is longer than it need be. */
function longNumber(random: Random): Uint8Array {
  if (random.chance(0.1)) return new Uint8Array(random.whole(5, 12)).fill(0xff);
  const bytes: number[] = [];
  let rest = random.pick(WHOLE);
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  if (random.chance(0.1)) bytes.splice(-1, 1, rest | 0x80, 0);
  return Uint8Array.from(bytes);
}

function replaced(bytes: Uint8Array, from: number, size: number, by: Uint8Array): Uint8Array {
  const behind = bytes.subarray(Math.min(bytes.length, from + size));
  const length = Math.min(LONGEST, from + by.length + behind.length);
  const made = new Uint8Array(length);
  made.set(bytes.subarray(0, from));
  made.set(by.subarray(0, Math.max(0, length - from)), from);
  made.set(behind.subarray(0, Math.max(0, length - from - by.length)), Math.min(length, from + by.length));
  return made;
}
