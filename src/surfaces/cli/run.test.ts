import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asof } from "../../../test/cli/captured-io.ts";

const verbs =
  "init plan apply ingest compute dataset train models promote materialize serve get predict replay status runs".split(
    " ",
  );

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "asof-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("help", () => {
  test("lists every verb, on stdout", async () => {
    const { code, out, err } = await asof(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const verb of verbs) expect(out).toMatch(new RegExp(`^ {2}${verb}\\b`, "m"));
  });

  test.each(verbs)("of %s shows its options and an example that names it", async (verb) => {
    const { code, out } = await asof([verb, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples:\n[^]*asof ${verb}`));
    expect(out).toContain("--json");
  });

  test("version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await asof(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

describe("usage errors", () => {
  test.each([
    [[], "name a verb", "asof --help"],
    [["stats"], "Did you mean status?", "asof --help"],
    [["status", "x"], "too many arguments", "asof status --help"],
    [["ingest", "flights"], "name the files to load", "--help"],
    [["ingest", "flights", "x", "--format", "xml"], "xml", "asof ingest --help"],
    [["runs", "--limi", "3"], "--limit", "asof runs --help"],
    [["runs", "--limit", "0"], "--limit", "asof runs --help"],
    [["promote", "m", "one"], "version", "asof promote --help"],
    [["promote", "m"], "name the version", "--help"],
    [["promote", "m", "--shadow"], "name the version", "--help"],
    [["promote", "m", "2", "--canary", "0%"], "A share is above 0%", "asof promote --help"],
    [["promote", "m", "2", "--canary", "1.5"], "A share is above 0%", "asof promote --help"],
    [["promote", "m", "2", "--canary", "10%", "--shadow"], "one at a time", "--help"],
    [["promote", "m", "2", "--off", "shadow"], "--off takes no version", "--help"],
    [["promote", "m", "--off", "current"], "Allowed choices are shadow, canary", "asof promote --help"],
    [["serve", "--port", "65536"], "--port", "asof serve --help"],
    [["dataset", "s", "--out", "x"], "--spine", "asof dataset --help"],
    [["dataset", "s", "--spine", "x", "--out", "x", "--input", "a"], "input=column", "--help"],
    [["replay", "s", "f", "--from", "2001-06-24"], "--until", "asof replay --help"],
    [["init", "--template", "x"], "flights, blank", "asof init --help"],
  ])("%j", async (args, says, help) => {
    const text = await asof(args, { cwd: folder });
    expect(text).toMatchObject({ code: 1, out: "" });
    expect(text.err).toContain("ASOF_USAGE: ");
    expect(text.err).toContain(says);
    expect(text.err).toContain(help);
    const json = await asof([...args, "--json"], { cwd: folder });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      error: { code: "ASOF_USAGE", message: expect.stringContaining(says) },
    });
  });

  test("a wrong time keeps its own code", async () => {
    expect((await asof(["get", "s", "--at", "noon"], { cwd: folder })).err).toMatch(/^ASOF_TIMESTAMP: /);
  });

  test("--json behind -- is an argument", async () => {
    const { out, err } = await asof(["promote", "m", "--", "--json"], { cwd: folder });
    expect(out).toBe("");
    expect(err).toContain("ASOF_USAGE");
  });
});

test("without a configuration every verb that needs one says so", async () => {
  for (const args of [["plan"], ["apply"], ["status"], ["serve"], ["ingest", "s", "f"], ["get", "s", "a=b"]]) {
    const { code, out, err } = await asof(args, { cwd: folder });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^ASOF_CONFIG: there is no asof\.config\.ts/);
  }
  const named = await asof(["status", "--config", "no.ts", "--json"], { cwd: folder });
  expect(JSON.parse(named.out)).toMatchObject({
    error: { code: "ASOF_CONFIG", details: { file: path.join(folder, "no.ts") } },
  });
});

test("ASOF_DEBUG adds the stack", async () => {
  const debug = await asof(["status"], { cwd: folder, env: { ASOF_DEBUG: "1" } });
  expect(debug.err).toMatch(/^AsofError: [^]*\n {4}at /m);
  expect((await asof(["status"], { cwd: folder })).err).not.toContain(" at ");
});

test("errors are red on a terminal, unless NO_COLOR is set", async () => {
  expect((await asof(["x"], { terminal: true })).err).toContain("\u001b[31mASOF_USAGE:\u001b[39m");
  expect((await asof(["x"], { terminal: true, env: { NO_COLOR: "1" } })).err).not.toContain("\u001b");
});

describe("init", () => {
  test("makes a project and says how to go on", async () => {
    const { code, out } = await asof(["init", "My Shop", "--template", "blank"], { cwd: folder });
    expect(code).toBe(0);
    const shop = path.join(folder, "My Shop");
    expect(readdirSync(shop).sort()).toEqual([
      ".gitignore",
      "asof.config.ts",
      "definitions.ts",
      "orders.ndjson",
      "package.json",
      "tsconfig.json",
    ]);
    expect(out).toMatch(/Next\n {2}cd My Shop\n {2}npm install .*\n {2}npx asof apply/);
    const manifest = JSON.parse(readFileSync(path.join(shop, "package.json"), "utf8")) as Record<string, object>;
    expect(manifest).toMatchObject({ name: "my-shop", type: "module", private: true });
    expect(manifest["dependencies"]).toHaveProperty("asof");
  });

  test("--json names what was written", async () => {
    const { out } = await asof(["init", "--template", "blank", "--json"], { cwd: folder });
    const { written, next } = JSON.parse(out) as { written: string[]; next: string[] };
    expect(written.every((name) => existsSync(path.join(folder, name)))).toBe(true);
    expect(next[0]).toBe("npm install");
  });

  test("refuses a folder that is in use, and leaves it alone", async () => {
    writeFileSync(path.join(folder, "definitions.ts"), "mine");
    const { code, err } = await asof(["init", "--template", "blank"], { cwd: folder });
    expect(code).toBe(1);
    expect(err).toMatch(/ASOF_USAGE: .* is not empty[^]*found +definitions\.ts/);
    expect(readdirSync(folder)).toEqual(["definitions.ts"]);
    const forced = await asof(["init", "--template", "blank", "--force"], { cwd: folder });
    expect(forced.code).toBe(0);
    expect(readFileSync(path.join(folder, "definitions.ts"), "utf8")).toContain("eventSource");
  });

  test("goes into what npm and git left, and keeps their files", async () => {
    writeFileSync(path.join(folder, "package.json"), '{"name":"x","dependencies":{"asof":"^0.1.0"}}');
    writeFileSync(path.join(folder, ".gitignore"), "mine\n");
    const { code, out } = await asof(["init", "--template", "flights"], { cwd: folder });
    expect(code).toBe(0);
    expect(readFileSync(path.join(folder, "package.json"), "utf8")).toBe(
      '{"name":"x","dependencies":{"asof":"^0.1.0"}}',
    );
    expect(readFileSync(path.join(folder, ".gitignore"), "utf8")).toBe("mine\n");
    expect(readFileSync(path.join(folder, "definitions.ts"), "utf8")).toContain("late_flight");
    expect(out).toContain("npm install vega-datasets@3.2.1");
  });

  test("refuses a broken package.json and a path that is a file, before writing", async () => {
    writeFileSync(path.join(folder, "package.json"), "{");
    expect((await asof(["init"], { cwd: folder })).err).toMatch(/^ASOF_FILE: .*package\.json/);
    expect(readdirSync(folder)).toEqual(["package.json"]);
    expect((await asof(["init", "package.json"], { cwd: folder })).err).toMatch(/^ASOF_FILE: /);
  });
});
