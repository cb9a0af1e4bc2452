import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { configure } from "../src/configuration.ts";

const page = readFileSync(new URL("../docs/online-stores.md", import.meta.url), "utf8");

test("docs/online-stores.md shows a configuration that is one, with every setting of Redis", () => {
  const [, code] = /export default configure\((\{.*?\n\})\);/s.exec(page)!;
  const settings = code.replace(/ \/\/.*$/gm, "").replace(/process\.env\["\w+"\]!/, '"x"');
  const shown = runInNewContext(`(${settings})`, { definitions: {} }) as Parameters<typeof configure>[0];
  expect(() => configure(shown)).not.toThrow();
  const { redis } = shown.online as { readonly redis: object };
  expect(Object.keys(redis)).toEqual(["url", "username", "password", "tls", "prefix", "timeout", "connections"]);
});
