import { expect, test } from "vitest";
import { addressesLoopback, comesFromLoopback, isLoopback } from "./loopback.ts";

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

test("a page of another site is told by the Origin that its browser sends", () => {
  for (const origin of [undefined, "http://localhost:5173", "http://127.0.0.1:2763", "https://[::1]"])
    expect(comesFromLoopback(origin), origin).toBe(true);
  for (const origin of [
    "https://example.com",
    "http://localhost.example.com",
    "null",
    "",
    "chrome-extension://localhost",
  ])
    expect(comesFromLoopback(origin), origin).toBe(false);
});
