import fc from "fast-check";
import { expect, test } from "vitest";
import { AsofError } from "../../core/errors.ts";
import { Admission } from "./admission.ts";

test("admits what fits, refuses what does not, and forgets what is over", () => {
  const admission = new Admission(100, 60);
  const first = admission.admit("60", undefined);
  const second = admission.admit("40", undefined);
  expect(() => admission.admit("1", undefined)).toThrow(AsofError);
  expect(admission.admit(undefined, undefined)).toBe(0);
  admission.leave(first);
  expect(() => admission.admit(undefined, "chunked")).not.toThrow();
  admission.leave(second);
  expect(admission.bytes).toBe(60);
});

test("never holds more than its limit, unless one request alone does", () => {
  const size = fc.option(fc.nat(300), { nil: undefined });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.record({ size }), fc.nat()), { maxLength: 60 }),
      fc.nat(200),
      fc.integer({ min: 1, max: 200 }),
      (steps, limit, largest) => {
        const admission = new Admission(limit, largest);
        const open: number[] = [];
        const leave = (bytes: number): void => admission.leave(bytes);
        for (const step of steps) {
          if (typeof step === "number") open.splice(step % (open.length + 1), 1).forEach(leave);
          else
            try {
              open.push(admission.admit(step.size?.toString(), "chunked"));
            } catch (error) {
              expect(error).toMatchObject({ code: "ASOF_BUSY" });
            }
          expect(admission.bytes).toBeLessThanOrEqual(Math.max(limit, largest));
        }
        open.forEach(leave);
        expect(admission.bytes).toBe(0);
      },
    ),
  );
});
