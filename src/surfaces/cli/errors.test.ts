import { expect, test } from "vitest";
import { AsofError } from "../../core/errors.ts";
import { failureOf, failureText, stacksOf } from "./errors.ts";
import { interruptedCode, interruption } from "./exit-code.ts";
import { plain } from "./style.ts";

test("a coded error shows its message, its details and what to do", () => {
  const error = new AsofError("ASOF_FILE", "flights.csv cannot be read", {
    file: "flights.csv",
    row: 12,
    columns: ["a", "b"],
  });
  expect(failureText(failureOf(error), plain)).toBe(
    [
      "ASOF_FILE: flights.csv cannot be read",
      "  file     flights.csv",
      "  row      12",
      "  columns  a, b",
      "  to do: Check that the file exists, is whole and is of the stated format.",
    ].join("\n"),
  );
});

test("an error of another copy of asof keeps its code", () => {
  const foreign = Object.assign(new Error("no"), { name: "AsofError", code: "ASOF_WINDOW", details: { window: "7m" } });
  expect(failureOf(foreign)).toMatchObject({ code: "ASOF_WINDOW", details: { window: "7m" } });
});

test.each([
  new TypeError("x is not a function"),
  Object.assign(new Error("x"), { code: "ENOSPC" }),
  "thrown text",
  null,
])("%s is a fault of ours", (error) => {
  expect(failureOf(error)).toMatchObject({ code: "ASOF_INTERNAL", details: {} });
});

test("stacks go down to the first cause", () => {
  const error = new AsofError("ASOF_SQL", "no", {}, new Error("middle", { cause: new Error("bottom") }));
  expect(stacksOf(error)).toMatch(/^AsofError: no[^]*caused by Error: middle[^]*caused by Error: bottom/);
});

test("an aborted command ends with the code of its signal", () => {
  const controller = new AbortController();
  expect(interruptedCode(controller.signal)).toBeNull();
  controller.abort(interruption("SIGTERM"));
  expect(interruptedCode(controller.signal)).toBe(143);
  expect(interruptedCode(AbortSignal.abort(interruption("SIGINT")))).toBe(130);
  expect(failureOf(controller.signal.reason)).toMatchObject({
    code: "ASOF_INTERRUPTED",
    details: { signal: "SIGTERM" },
  });
  expect(failureOf(new DOMException("This operation was aborted", "AbortError")).code).toBe("ASOF_INTERRUPTED");
});
