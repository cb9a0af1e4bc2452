import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorTable } from "../../src/core/errors.ts";
import type { FeastRegistry, FeastView } from "../../src/surfaces/cli/feast-import/registry.ts";
import { readRegistry } from "../../src/surfaces/cli/feast-import/registry.ts";
import { translate } from "../../src/surfaces/cli/feast-import/translate.ts";
import { importWarnings } from "../../src/surfaces/cli/feast-import/warnings.ts";
import { writeDefinitions } from "../../src/surfaces/cli/feast-import/write-definitions.ts";
import { asof } from "../cli/captured-io.ts";
import { repository } from "./open-drivers.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "asof-import-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Report {
  readonly written: readonly string[];
  readonly views: readonly string[];
  readonly warnings: readonly { readonly code: string; readonly about: string }[];
  readonly next: readonly string[];
}

async function imported(args: readonly string[], env: Record<string, string> = {}): Promise<Report> {
  const { code, out, err } = await asof(["import", "feast", ...args, "--json"], { cwd: folder, env });
  expect(code, out + err).toBe(0);
  return JSON.parse(out) as Report;
}

async function refused(args: readonly string[]): Promise<string> {
  const { code, out } = await asof(["import", "feast", ...args, "--json"], { cwd: folder });
  expect(code).toBe(1);
  return (JSON.parse(out) as { error: { code: string } }).error.code;
}

describe("a repository", () => {
  test("becomes definitions, told from its registry alone", async () => {
    const report = await imported([repository]);
    const text = readFileSync(path.join(folder, "feast.ts"), "utf8");
    expect(text).toBe(readFileSync(path.join(repository, "definitions.ts"), "utf8"));
    expect(report.written.map((file) => path.basename(file))).toEqual(["feast.ts", "asof.config.ts"]);
    expect(report.views).toEqual(["customer_orders", "driver_live", "driver_stats"]);
    expect(report.warnings.map(({ code, about }) => `${code} ${about}`)).toEqual([
      "FEAST_ON_DEMAND boosted",
      "FEAST_TYPE customer_orders",
      "FEAST_TYPE customer_orders",
      "FEAST_NULLS driver_live",
      "FEAST_TTL driver_live",
      "FEAST_SERVICE with_boost",
    ]);
    expect(report.next).toContain(`asof ingest driver_hourly ${path.join(repository, "data/driver_hourly.parquet")}`);
  });

  test("that is no YAML is told by its line, without what stands in it", async () => {
    const text = "project: shop\nonline_store:\n  connection_string: redis://:${SECRET}@host: 6379\n";
    writeFileSync(path.join(folder, "feature_store.yaml"), text);
    const env = { SECRET: "planted-in-yaml", ASOF_DEBUG: "1" };
    const { code, out, err } = await asof(["import", "feast", folder], { cwd: folder, env });
    expect(code).toBe(1);
    expect(err).toMatch(/ASOF_FILE: .* is not valid YAML: .* \(line 3\)/);
    expect(out + err).not.toContain("planted-in-yaml");
  });

  test("is found by its variables, and by a file that is named", async () => {
    const copy = path.join(folder, "repo");
    cpSync(repository, copy, { recursive: true });
    const settings = path.join(copy, "feature_store.yaml");
    writeFileSync(settings, "project: drivers\nregistry:\n  registry_type: file\n  path: ${FOLDER}/registry.db\n");
    await imported([copy, "--out", "a.ts"], { FOLDER: "data" });
    writeFileSync(settings, "project: drivers\nregistry: s3://bucket/registry.db\n");
    expect(await refused([copy, "--out", "b.ts"])).toBe("ASOF_FILE");
    await imported([copy, "--out", "b.ts", "--registry", path.join(copy, "data/registry.db")]);
    const [a, b] = ["a.ts", "b.ts"].map((name) => readFileSync(path.join(folder, name), "utf8"));
    expect(a).toBe(b);
  });

  test("leaves what is there: a file, unless told otherwise, and a configuration", async () => {
    await imported([repository]);
    writeFileSync(path.join(folder, "asof.config.ts"), "// mine");
    expect(await refused([repository])).toBe("ASOF_USAGE");
    const { written, next } = await imported([repository, "--force"]);
    expect(written.map((file) => path.basename(file))).toEqual(["feast.ts"]);
    expect(next[0]).toBe("add feast.ts to asof.config.ts");
    expect(readFileSync(path.join(folder, "asof.config.ts"), "utf8")).toBe("// mine");
  });

  test.each([
    ["no folder", ["nowhere"]],
    ["no registry", ["."]],
    ["a Python that there is not", [".", "--python", "./no-python"]],
  ])("with %s is refused, and nothing is written", async (_, args) => {
    writeFileSync(path.join(folder, "feature_store.yaml"), "project: p\nregistry: data/registry.db\n");
    expect(await refused(args)).toBe("ASOF_FILE");
    expect(existsSync(path.join(folder, "feast.ts"))).toBe(false);
  });

  test("whose registry or settings are damaged is refused", async () => {
    const bytes = readFileSync(path.join(repository, "data/registry.db"));
    const registry = path.join(folder, "registry.db");
    const settings = path.join(folder, "feature_store.yaml");
    writeFileSync(settings, "project: p\nregistry: registry.db\n");
    writeFileSync(registry, bytes.subarray(0, bytes.length - 5));
    expect(await refused(["."])).toBe("ASOF_FILE");
    writeFileSync(registry, "");
    expect(await refused(["."])).toBe("ASOF_EMPTY");
    for (const text of ["project: [", "- 1", "registry: x"]) {
      writeFileSync(settings, text);
      expect(await refused(["."])).toBe("ASOF_FILE");
    }
  });
});

test("docs/feast.md tells of every warning, and of no other", () => {
  const page = readFileSync(new URL("../../docs/feast.md", import.meta.url), "utf8");
  const told = new Set([...page.matchAll(/`(FEAST_\w+)`/g)].map(([, code]) => code));
  expect([...told].sort()).toEqual(Object.keys(importWarnings).sort());
  for (const [code] of page.matchAll(/ASOF_\w+/g)) expect(errorTable).toHaveProperty(code);
});

describe("what is told of a registry", () => {
  const file = { name: "rows", type: 1, timestampField: "at", file: { uri: "rows.parquet" } };
  const view: FeastView = {
    name: "stats",
    entities: ["user"],
    entityColumns: [{ name: "user_id", valueType: 4 }],
    features: [{ name: "rate", valueType: 5 }],
    batchSource: file,
  };
  const entity = { name: "user", joinKey: "user_id", valueType: 2 };
  const of = (views: readonly FeastView[], more: FeastRegistry = {}): { text: string; codes: string[] } => {
    const registry = { entities: [{ spec: entity }], views: views.map((spec) => ({ spec })), ...more };
    const { imported, warnings } = translate(registry);
    return {
      text: writeDefinitions(imported, [], warnings.all),
      codes: warnings.all.map(({ code, about }) => `${code} ${about}`),
    };
  };

  test("the type of a key is that of its column", () => {
    const { text, codes } = of([view]);
    expect(text).toContain('entity("user", { user_id: t.int64() })');
    expect(text).not.toContain("ttl");
    expect(codes).toEqual([]);
  });

  test.each<[string, Partial<FeastView>, string]>([
    ["without entities", { entities: ["__dummy"] }, "FEAST_ENTITYLESS stats"],
    ["with a transformation", { transformation: {} }, "FEAST_TRANSFORMATION stats"],
    ["of other views", { sourceViews: [{}] }, "FEAST_TRANSFORMATION stats"],
    ["of a warehouse", { batchSource: { name: "rows", type: 2, timestampField: "at" } }, "FEAST_SOURCE rows"],
    ["of a bucket", { batchSource: { ...file, file: { uri: "s3://b/rows.parquet" } } }, "FEAST_SOURCE rows"],
    ["of Delta files", { batchSource: { ...file, file: { uri: "rows", format: { delta: {} } } } }, "FEAST_SOURCE rows"],
    ["of Kafka", { streamSource: { name: "topic", type: 3 } }, "FEAST_STREAM topic"],
    ["with a key of bytes", { entityColumns: [{ name: "user_id", valueType: 1 }] }, "FEAST_TYPE stats"],
    [
      "with a list",
      {
        features: [
          { name: "rate", valueType: 5 },
          { name: "all", valueType: 15 },
        ],
      },
      "FEAST_TYPE stats",
    ],
    ["with a name of its own kind", { name: "User-Stats" }, "FEAST_RENAMED User-Stats"],
    ["with a feature of such a name", { features: [{ name: "rate__1", valueType: 5 }] }, "FEAST_RENAMED stats"],
  ])("a view %s", (_, change, code) => {
    expect(of([{ ...view, ...change }]).codes).toContain(code);
  });

  test("names are used once: views and services keep theirs", () => {
    const services = [{ spec: { name: "user", projections: [{ view: "rows", features: [{ name: "rate" }] }] } }];
    const { text } = of([{ ...view, name: "rows" }], { services });
    expect(text).toContain('batchView("rows"');
    expect(text).toContain('eventSource("rows_source"');
    expect(text).toContain('featureService("user"');
    expect(text).toContain('entity("user_entity"');
  });

  test.each([false, true])("features whose names become one are not both there, pushed: %s", (pushed) => {
    const features = ["rate-1", "rate_1", "rate__1"].map((name) => ({ name, valueType: 5 }));
    const streamSource = { name: "live", type: 9 };
    const { text, codes } = of([{ ...view, features, ...(pushed && { streamSource }) }]);
    expect(codes.filter((code) => code === "FEAST_TYPE stats")).toHaveLength(2);
    expect(text.match(pushed ? /last\("rate_1"\)/g : /^ {4}rate_1: .*float64/gm)).toHaveLength(pushed ? 1 : 2);
  });

  test("text from the registry stays text", () => {
    const evil = '*/ `${process.exit()}` \u2028 export const x = 1; "\n// ';
    const onDemandViews = [{ spec: { name: "odfv", transformation: { python: { text: `a\r\nb\u2028c` } } } }];
    const { text } = of([{ ...view, description: evil, owner: evil, tags: [{ key: evil, value: "" }] }], {
      onDemandViews,
    });
    expect(text).toContain(`description: ${JSON.stringify(evil).replace("\u2028", "\\u2028")}`);
    expect(text.split("\n").filter((line) => /^(a|b|c)/.test(line))).toEqual([]);
  });

  test("any bytes are read, or refused as no registry", () => {
    const bytes = readFileSync(path.join(repository, "data/registry.db"));
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (let i = 0; i < 3000; i++) {
      const damaged = Uint8Array.from(bytes);
      for (let j = 0; j <= random(4); j++) damaged[random(damaged.length)] = random(256);
      try {
        translate(readRegistry(damaged.subarray(0, random(8) === 0 ? random(damaged.length) : undefined), "bytes"));
      } catch (error) {
        expect(error).toMatchObject({ code: "ASOF_FILE" });
      }
    }
  });
});
