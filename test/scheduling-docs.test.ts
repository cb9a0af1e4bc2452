import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Configuration, configure } from "../src/configuration.ts";
import { errorTable } from "../src/core/errors.ts";

const [scheduling, monitoring] = ["scheduling", "monitoring"].map((name) =>
  readFileSync(new URL(`../docs/${name}.md`, import.meta.url), "utf8"),
);

/** What stands in a page's configuration under these names, by running it. */
function settingsOf(code: string): object {
  // oxlint-disable-next-line no-implied-eval -- our own page
  return (new Function(`return {${code}}`) as () => object)();
}

test("docs/scheduling.md shows a configuration that is one", () => {
  const [, code] = /definitions,\n(  schedule: [^]*?)\}\);/.exec(scheduling)!;
  const settings = settingsOf(code) as Pick<Configuration, "schedule">;
  expect(Object.keys(settings.schedule!)).toHaveLength(4);
  expect(() => configure({ definitions: {}, ...settings })).not.toThrow();
});

test("docs/monitoring.md shows how traces are turned on, and names what it takes", () => {
  const settings = settingsOf(/^tracing: .*$/m.exec(monitoring)![0]);
  expect(() => configure({ definitions: {}, ...settings })).not.toThrow();
  const { peerDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    peerDependencies: Record<string, string>;
  };
  for (const [name, version] of Object.entries(peerDependencies))
    if (name.startsWith("@opentelemetry/")) expect(monitoring).toContain(`${name}@${version}`);
});

test("docs/scheduling.md has codes of the table", () => {
  for (const [code] of scheduling.matchAll(/ASOF_\w+/g)) expect(errorTable).toHaveProperty(code);
});
