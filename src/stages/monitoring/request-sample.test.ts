import { describe, expect, test } from "vitest";
import type { Fields, Row } from "../../core/schema/data-type.ts";
import { requestSampler } from "./request-sample.ts";

const inputs: Fields = {
  user: { kind: "string", nullable: true },
  n: { kind: "int64", nullable: true },
  basket: { kind: "float64", nullable: true },
};
const request = (i: number): Row => ({ user: `user ${i}`, n: BigInt(i), basket: i / 7 });

describe("the sample of requests", () => {
  test.each([0.001, 0.01, 0.1, 0.5])("takes about %s of them", (share) => {
    const sampled = requestSampler(inputs, share);
    const n = 100_000;
    const taken = Array.from({ length: n }, (_, i) => sampled(request(i))).filter(Boolean).length;
    // Five standard deviations of a binomial distribution.
    expect(Math.abs(taken - n * share)).toBeLessThan(5 * Math.sqrt(n * share * (1 - share)));
  });

  test("takes all with 1, and none with 0", () => {
    expect(requestSampler(inputs, 1)(request(3))).toBe(true);
    expect(requestSampler(inputs, 0)(request(3))).toBe(false);
  });

  test("takes more with a greater share, and always the same", () => {
    const [less, more] = [requestSampler(inputs, 0.05), requestSampler(inputs, 0.2)];
    for (let i = 0; i < 5000; i++) {
      if (less(request(i))) expect(more(request(i))).toBe(true);
      expect(less(request(i))).toBe(requestSampler(inputs, 0.05)({ ...request(i) }));
    }
  });

  test("tells null from empty text, and where one value ends", () => {
    const sampled = requestSampler({ a: inputs["user"], b: inputs["user"] }, 0.5);
    const differ = (one: (i: number) => Row, other: (i: number) => Row): boolean =>
      Array.from({ length: 200 }, (_, i) => sampled(one(i)) !== sampled(other(i))).some(Boolean);
    expect(
      differ(
        (i) => ({ a: "", b: `${i}` }),
        (i) => ({ a: null, b: `${i}` }),
      ),
    ).toBe(true);
    expect(
      differ(
        (i) => ({ a: "x", b: `y${i}` }),
        (i) => ({ a: "xy", b: `${i}` }),
      ),
    ).toBe(true);
  });
});
