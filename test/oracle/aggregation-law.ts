import fc from "fast-check";
import { expect } from "vitest";
import type { Algebra, Contributed, OrderKey } from "../../src/core/aggregation/algebra.ts";
import type { FeatureValue } from "../../src/core/aggregation/feature-type.ts";
import { ByteReader, ByteWriter } from "../../src/core/codec/bytes.ts";
import type { Value } from "../../src/core/schema/data-type.ts";

/** A value with its order key, as one record contributes it. */
export interface Contribution<V extends Contributed = Exclude<Value, null>> {
  readonly value: V;
  readonly order: OrderKey;
}

/** Small times and few bytes, so that ties are common on every level of the order. */
export function contribution<V extends Contributed>(value: fc.Arbitrary<V>): fc.Arbitrary<Contribution<V>> {
  const order = fc.record({
    event: fc.integer({ min: -3, max: 3 }),
    available: fc.integer({ min: -3, max: 3 }),
    order: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 2 })),
    bytes: fc.uint8Array({ maxLength: 2 }),
  });
  return fc.record({ value, order });
}

export function encoded<S, V extends Contributed>(algebra: Algebra<S, V>, state: S): string {
  const out = new ByteWriter();
  algebra.encode(state, out);
  return Buffer.from(out.view()).toString("hex");
}

export function decoded<S, V extends Contributed>(algebra: Algebra<S, V>, hex: string): S {
  const input = new ByteReader(Buffer.from(hex, "hex"));
  const state = algebra.decode(input);
  input.end();
  return state;
}

/** The multiset added up in the order given: the obvious path. */
export function folded<S, V extends Contributed>(algebra: Algebra<S, V>, items: readonly Contribution<V>[]): S {
  return items.reduce((state, { value, order }) => algebra.add(state, value, order), algebra.empty());
}

/**
 * Attacks the law of an algebra: states of one multiset, reached by shuffles, partitions, merge trees, stored and
 * loaded halves and (where it is a group) values that come and go, must be told apart by nothing; and what they
 * answer must be what the oracle says.
 */
export function checkLaw<S, V extends Contributed>(
  algebra: Algebra<S, V>,
  value: fc.Arbitrary<V>,
  oracle: (items: readonly Contribution<V>[]) => FeatureValue,
  options: { readonly maxLength?: number; readonly numRuns?: number; readonly group: boolean },
): void {
  expect(algebra.remove !== null).toBe(options.group);
  const items = fc.array(contribution(value), { maxLength: options.maxLength ?? 30 });
  const noise = fc.array(contribution(value), { maxLength: 8 });
  fc.assert(
    fc.property(items, noise, fc.integer(), (items, noise, seed) => {
      const plain = folded(algebra, items);
      const bytes = encoded(algebra, plain);
      const answer = algebra.finish(plain);
      expect(answer).toStrictEqual(oracle(items));
      expect(algebra.isEmpty(plain)).toBe(items.length === 0);
      // Whoever has a collection can tell from it alone whether its window overflows.
      if (algebra.overflows !== null) expect(answer === null).toBe(algebra.overflows(plain));

      const devious = deviousState(algebra, items, noise, random(seed));
      expect(algebra.finish(devious)).toStrictEqual(answer);
      expect(algebra.isEmpty(devious)).toBe(items.length === 0);
      expect(algebra.overflows?.(devious)).toBe(algebra.overflows?.(plain));
      expect(encoded(algebra, devious)).toBe(bytes);

      const loaded = decoded(algebra, bytes);
      expect(encoded(algebra, loaded)).toBe(bytes);
      expect(algebra.finish(loaded)).toStrictEqual(answer);
    }),
    { numRuns: options.numRuns ?? 300 },
  );
}

function deviousState<S, V extends Contributed>(
  algebra: Algebra<S, V>,
  items: readonly Contribution<V>[],
  noise: readonly Contribution<V>[],
  next: () => number,
): S {
  const shuffled = [...items].sort(() => next() - 0.5);
  const build = (part: readonly Contribution<V>[]): S => {
    if (part.length > 1 && next() < 0.6) {
      const cut = Math.floor(next() * (part.length + 1));
      let from = build(part.slice(cut));
      const into = build(part.slice(0, cut));
      if (next() < 0.3) from = decoded(algebra, encoded(algebra, from));
      const before = encoded(algebra, from);
      const merged = algebra.merge(into, from);
      expect(encoded(algebra, from)).toBe(before);
      return merged;
    }
    let state = algebra.empty();
    const guests: Contribution<V>[] = [];
    const send = (): void => {
      const [guest] = guests.splice(Math.floor(next() * guests.length), 1);
      state = algebra.remove!(state, guest.value, guest.order);
    };
    for (const { value, order } of part) {
      if (algebra.remove !== null && noise.length > 0 && next() < 0.5) {
        const guest = noise[Math.floor(next() * noise.length)];
        guests.push(guest);
        state = algebra.add(state, guest.value, guest.order);
      }
      state = algebra.add(state, value, order);
      if (guests.length > 0 && next() < 0.3) send();
      if (next() < 0.1) state = decoded(algebra, encoded(algebra, state));
      if (next() < 0.1) algebra.finish(state);
    }
    while (guests.length > 0) send();
    return state;
  };
  return build(shuffled);
}

/** Numbers in [0, 1) from a seed (a linear congruential generator: enough to shuffle by). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
