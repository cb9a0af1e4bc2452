// What the package is made of: exact versions with checksums, install scripts by list, a bill of materials.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, "utf8");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}
interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}

/** The name of the package at a place in the lockfile. */
const nameAt = (place: string): string => place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);

describe.each([
  ["the package", ""],
  ["the site of the documentation", "docs/"],
])("%s", (_, folder) => {
  const manifest = JSON.parse(read(`${folder}package.json`)) as Manifest;
  const { packages } = JSON.parse(read(`${folder}package-lock.json`)) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const installed = Object.entries(packages).filter(([place, { link }]) => place.includes("node_modules/") && !link);

  test("is installed from a registry, each part by its version and its checksum", () => {
    const { dependencies, devDependencies, peerDependencies } = manifest;
    const wanted = { ...peerDependencies, ...devDependencies, ...dependencies };
    expect(Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version))).toEqual([]);
    for (const [name, version] of Object.entries(wanted))
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
    expect(installed.length).toBeGreaterThan(Object.keys(wanted).length);
    for (const [place, { version, resolved, integrity }] of installed) {
      expect(version, place).toMatch(/^\d+\.\d+\.\d+/);
      // Where nothing is said, it is the registry's by that name and version.
      if (resolved !== undefined) expect(resolved, place).toMatch(/^https:\/\/\S+\.tgz$/);
      expect(integrity, place).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    }
  });

  test("runs no install script but those that are listed, each with its reason", () => {
    const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    const names = [...new Set(scripted.map(([place]) => nameAt(place)))].toSorted();
    expect(Object.keys(manifest.allowScripts ?? {}).toSorted()).toEqual(names);
    const rows = read("SECURITY.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    for (const name of names) {
      const [row] = rows.filter((line) => line.split("|")[1].includes(`\`${name}\``));
      expect(row, name).toMatch(/^\|[^|]+\|[^|]+\|[^|]{10,}\|$/);
      expect(row.includes("**denied**"), name).toBe(manifest.allowScripts?.[name] === false);
    }
  });
});

/** What CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json) asks of what npm writes. */
const bomSchema = {
  type: "object",
  required: ["bomFormat", "specVersion", "version", "serialNumber", "metadata", "components", "dependencies"],
  properties: {
    bomFormat: { const: "CycloneDX" },
    specVersion: { const: "1.5" },
    version: { type: "integer", minimum: 1 },
    serialNumber: { pattern: "^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" },
    metadata: { type: "object", required: ["component"], properties: { component: { $ref: "#/$defs/component" } } },
    components: { type: "array", minItems: 20, uniqueItems: true, items: { $ref: "#/$defs/component" } },
    dependencies: {
      type: "array",
      uniqueItems: true,
      items: {
        type: "object",
        required: ["ref"],
        properties: { ref: { type: "string" }, dependsOn: { type: "array", items: { type: "string" } } },
      },
    },
  },
  $defs: {
    component: {
      type: "object",
      required: ["type", "name", "version", "bom-ref", "purl"],
      properties: {
        type: { enum: ["application", "framework", "library"] },
        name: { type: "string", minLength: 1 },
        version: { type: "string", minLength: 1 },
        purl: { type: "string", pattern: "^pkg:npm/" },
        scope: { enum: ["required", "optional", "excluded"] },
        hashes: {
          type: "array",
          items: {
            type: "object",
            required: ["alg", "content"],
            properties: { alg: { const: "SHA-512" }, content: { type: "string", pattern: "^[0-9a-f]{128}$" } },
          },
        },
      },
    },
  },
};

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly "bom-ref": string;
  readonly hashes?: readonly unknown[];
}

test("`npm run sbom` writes a bill of materials: everything that is shipped, and its checksums", () => {
  const text = execFileSync(process.execPath, [`${root}scripts/write-sbom.js`], { encoding: "utf8" });
  const bom = JSON.parse(text) as {
    readonly metadata: { readonly component: Component };
    readonly components: readonly Component[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
  };
  const isValid = new Ajv({ strict: false }).compile(bomSchema);
  expect(isValid(bom), JSON.stringify(isValid.errors)).toBe(true);
  const manifest = JSON.parse(read("package.json")) as Manifest;
  expect(bom.metadata.component).toMatchObject({ name: manifest.name, version: manifest.version });
  const refs = bom.components.map((one) => one["bom-ref"]);
  expect(new Set(refs).size).toBe(refs.length);
  for (const [name, version] of Object.entries(manifest.dependencies!)) expect(refs).toContain(`${name}@${version}`);
  const named = (name: string): boolean => refs.some((ref) => ref.startsWith(`${name}@`));
  // What is built into the console is shipped as well; what those need is, too.
  expect(["react", "react-dom", "scheduler", "uplot", "d3-zoom"].filter((name) => !named(name))).toEqual([]);
  const tools = [
    "vitest",
    "typescript",
    "playwright-core",
    "fast-check",
    "vite",
    "rolldown",
    "asof-console",
    "@types/react",
  ];
  expect(tools.filter(named)).toEqual([]);
  for (const { ref, dependsOn = [] } of bom.dependencies)
    for (const one of [ref, ...dependsOn]) expect([...refs, bom.metadata.component["bom-ref"]]).toContain(one);
  const bare = bom.components.filter(({ hashes = [] }) => hashes.length === 0);
  expect(bare.map(({ name }) => name)).toEqual([]);
});
