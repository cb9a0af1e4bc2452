import { expect, test } from "vitest";
import { AsofError, type ErrorCode, errorTable } from "../../core/errors.ts";
import { errorAnswer } from "./error-answer.ts";

const codes = Object.keys(errorTable) as ErrorCode[];

test.each(codes)("%s is told with its status and remedy", (code) => {
  const { status, remedy, message } = errorTable[code];
  const answer = errorAnswer(new AsofError(code, "line 3 is wrong", { line: 3, allow: "GET" }), "r-1");
  expect(answer.status).toBe(status);
  expect(answer.headers["retry-after"]).toBe(status === 503 || status === 429 ? "1" : undefined);
  expect(answer.headers["allow"]).toBe(status === 405 ? "GET" : undefined);
  const inside = status === 500;
  expect(JSON.parse(answer.body)).toEqual({
    error: {
      code,
      message: inside ? message : "line 3 is wrong",
      remedy,
      details: inside ? {} : { line: 3, allow: "GET" },
      requestId: "r-1",
    },
  });
});

test.each([
  new Error("secret"),
  new TypeError("secret"),
  { code: "ASOF_JSON", message: "secret" },
  "secret",
  null,
  undefined,
])("what was not foreseen tells nothing of itself (%j)", (error) => {
  const { status, body } = errorAnswer(error, "r-1");
  expect(status).toBe(500);
  expect(JSON.parse(body).error.code).toBe("ASOF_INTERNAL");
  expect(body).not.toContain("secret");
});

test("an error of another instance of the module is told as well", () => {
  class AsofError extends Error {
    readonly code = "ASOF_EMPTY";
    readonly details = { file: "a" };
    override readonly name = "AsofError";
  }
  expect(JSON.parse(errorAnswer(new AsofError("nothing there"), "r-1").body).error).toMatchObject({
    code: "ASOF_EMPTY",
    message: "nothing there",
    details: { file: "a" },
  });
});

test("a code that only looks like the framework's is not its code", () => {
  expect(errorAnswer(Object.assign(new Error("x"), { code: "toString" }), "r").status).toBe(500);
});
