import { expect, test, vi } from "vitest";
import { loadArrow } from "./arrow-answer.ts";

vi.mock("apache-arrow", () => {
  throw new Error("Cannot find package 'apache-arrow'");
});

test("a server without Arrow says so", async () => {
  await expect(loadArrow()).rejects.toMatchObject({ code: "ASOF_NOT_ACCEPTABLE", status: 406 });
});
