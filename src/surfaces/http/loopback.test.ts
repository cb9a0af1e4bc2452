import { expect, test } from "vitest";
import { addressesLoopback, isLoopback } from "./loopback.ts";

test.each(["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LocalHost"])("%s is this machine", (host) => {
  expect(isLoopback(host)).toBe(true);
  if (host !== "::1") expect(addressesLoopback(`${host}:2763`)).toBe(true);
});

test.each([
  "0.0.0.0",
  "::",
  "",
  "10.0.0.1",
  "127.0.0.1.example.com",
  "localhost.example.com",
  "127.1",
  "128.0.0.1",
  "[::]",
])("%j may be another", (host) => {
  expect(isLoopback(host)).toBe(false);
  expect(addressesLoopback(`${host}:2763`)).toBe(false);
});

test("a request without a Host header addresses nobody", () => {
  expect(addressesLoopback(undefined)).toBe(false);
});
