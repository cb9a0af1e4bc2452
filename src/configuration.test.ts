import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytesOf, type Configuration, configure } from "./configuration.ts";

describe("configure", () => {
  test("returns what it is given", () => {
    const configuration: Configuration = {
      definitions: [{ a: 1 }, { b: 2 }],
      home: "data",
      clock: { simulated: "2001-06-24" },
      server: { host: "::1", port: 0, timeout: "5s" },
      memory: "512 MB",
      queue: "64MB",
      threads: 2,
    };
    expect(configure(configuration)).toBe(configuration);
    expect(configure({ definitions: {}, clock: "system", memory: "1.5GiB" })).toBeTruthy();
    const url = "rediss://me:secret@redis.example:6380/3";
    for (const online of [
      "lmdb" as const,
      { redis: { url, tls: { ca: "…" }, prefix: "shop:", timeout: "1s" as const, connections: 4 } },
      {
        redis: {
          nodes: ["10.0.0.1:7000", "[::1]:7001", "redis.example:7002"],
          username: "me",
          password: "x",
          tls: true,
        },
      },
    ])
      expect(configure({ definitions: {}, online })).toBeTruthy();
  });

  test.each([
    [{}, "definitions"],
    [{ definitions: [1] }, "definitions"],
    [{ definitions: "./definitions.ts" }, "definitions"],
    [{ definitions: {}, hoem: "x" }, "hoem"],
    [{ definitions: {}, toString: "x" }, "toString"],
    [{ definitions: {}, home: "" }, "home"],
    [{ definitions: {}, clock: "simulated" }, "clock"],
    [{ definitions: {}, clock: {} }, "clock"],
    [{ definitions: {}, clock: { simulated: "in June" } }, "clock"],
    [{ definitions: {}, server: 8080 }, "server"],
    [{ definitions: {}, server: { port: 65_536 } }, "server"],
    [{ definitions: {}, server: { port: "8080" } }, "server"],
    [{ definitions: {}, server: { host: "" } }, "server"],
    [{ definitions: {}, server: { timeout: 5 } }, "server"],
    [{ definitions: {}, memory: 1e9 }, "memory"],
    [{ definitions: {}, memory: "lots" }, "memory"],
    [{ definitions: {}, queue: "64" }, "queue"],
    [{ definitions: {}, queue: "1 ib" }, "queue"],
    [{ definitions: {}, threads: 0 }, "threads"],
    [{ definitions: {}, audit: true }, "audit"],
    [{ definitions: {}, audit: { sample: 1.5 } }, "audit"],
    [{ definitions: {}, audit: { every: "often" } }, "audit"],
    [{ definitions: {}, audit: { every: "0s" } }, "audit"],
    [{ definitions: {}, audit: { often: "1m" } }, "audit"],
    [{ definitions: {}, served: { retention: "90m" } }, "served"],
    [{ definitions: {}, served: { kept: "90d" } }, "served"],
    [{ definitions: {}, threads: 1.5 }, "threads"],
    [{ definitions: {}, online: "redis" }, "online"],
    [{ definitions: {}, online: {} }, "online"],
    [{ definitions: {}, online: { lmdb: {} } }, "online"],
    [{ definitions: {}, online: { redis: {} } }, "online"],
    [{ definitions: {}, online: { redis: { url: "http://localhost" } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost/cache" } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", nodes: ["localhost:1"] } } }, "online"],
    [{ definitions: {}, online: { redis: { nodes: [] } } }, "online"],
    [{ definitions: {}, online: { redis: { nodes: ["localhost"] } } }, "online"],
    [{ definitions: {}, online: { redis: { nodes: ["localhost:65536"] } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", password: "" } } }, "online"],
    [
      { definitions: {}, online: { redis: { url: "redis://localhost", tls: { rejectUnauthorized: false } } } },
      "online",
    ],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", prefix: "" } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", prefix: "a{b}" } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", timeout: "1m" } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", connections: 0 } } }, "online"],
    [{ definitions: {}, online: { redis: { url: "redis://localhost", ttl: "1d" } } }, "online"],
  ])("refuses %j", (configuration, setting) => {
    expect(() => configure(configuration as never)).toThrow(
      expect.objectContaining({ code: "ASOF_CONFIG", message: expect.stringContaining(setting), details: { setting } }),
    );
  });

  test.each([null, undefined, "x", [{}]])("refuses %j as a whole", (configuration) => {
    expect(() => configure(configuration as never)).toThrow(expect.objectContaining({ code: "ASOF_CONFIG" }));
  });
});

// In Node itself, as the command runs it: the test runner imports TypeScript in its own way, with errors of its own.
// One process loads all the cases.
describe("loadConfiguration", () => {
  interface Case {
    readonly what: string;
    readonly files: Readonly<Record<string, string>>;
    /** What to load, within the case's folder. Default: the folder. */
    readonly from?: string;
    readonly loaded?: object;
    readonly error?: { readonly code?: string; readonly file?: string; readonly line?: number; readonly says: RegExp };
  }
  const config = (body: string): Record<string, string> => ({ "asof.config.ts": body });
  const errors = JSON.stringify(new URL("./core/errors.ts", import.meta.url).href);

  const cases: readonly Case[] = [
    {
      what: "a file above the folder, with its imports; home is made absolute",
      files: {
        "asof.config.ts":
          'import * as definitions from "./d.ts";\nexport default { definitions, threads: 2 as number };\n',
        "d.ts": "export const one: number = 1;\n",
        "deep/er/x.txt": "",
      },
      from: "deep/er",
      loaded: {
        configuration: { definitions: { one: 1 }, threads: 2, home: "/.asof" },
        file: "/asof.config.ts",
        folder: "/",
      },
    },
    {
      what: "a file of any name, with home relative to it",
      files: { "sub/other.mjs": 'export default { definitions: {}, home: "../data" };\n' },
      from: "sub/other.mjs",
      loaded: { configuration: { definitions: {}, home: "/data" }, file: "/sub/other.mjs", folder: "/sub" },
    },
    {
      what: "JavaScript",
      files: { "asof.config.js": "export default { definitions: {} };\n" },
      loaded: { configuration: { definitions: {}, home: "/.asof" }, file: "/asof.config.js", folder: "/" },
    },
    { what: "no file", files: {}, error: { says: /there is no asof\.config\.ts in .* or above it: .*asof init/ } },
    {
      what: "a path that leads nowhere",
      files: {},
      from: "no.ts",
      error: { file: "/no.ts", says: /there is no .*no\.ts/ },
    },
    {
      what: "a syntax error",
      files: config("const a = 1;\nexport default { a: ;\n"),
      error: { file: "/asof.config.ts", line: 2, says: /syntax error/ },
    },
    {
      what: "a syntax error in what it imports",
      files: { ...config('import "./d.ts";\nexport default {};\n'), "d.ts": "\n\nconst = 1;\n" },
      error: { file: "/d.ts", line: 3, says: /d\.ts: syntax error/ },
    },
    {
      what: "an enum",
      files: config("\nenum Color { Red }\n"),
      error: { file: "/asof.config.ts", line: 2, says: /enum.*union of strings/ },
    },
    {
      what: "an import of a file that is not there",
      files: config('import "./definitions.ts";\n'),
      error: { file: "/asof.config.ts", says: /definitions\.ts', which does not exist/ },
    },
    {
      what: "an import without its extension",
      files: config('import "./definitions";\n'),
      error: { file: "/asof.config.ts", says: /needs the extension/ },
    },
    {
      what: "an import of a package that is not there",
      files: config('import "nopkg";\n'),
      error: { file: "/asof.config.ts", says: /npm install nopkg/ },
    },
    {
      what: "a name that is not exported",
      files: { ...config('\nimport { Shape } from "./d.ts";\n'), "d.ts": "export interface Shape {}\n" },
      error: { file: "/asof.config.ts", line: 2, says: /exports no 'Shape'.*import \{ type Shape \}/ },
    },
    {
      what: "TypeScript in a package",
      files: {
        ...config('import "pkg";\n'),
        "node_modules/pkg/package.json": '{"name":"pkg","type":"module","exports":"./a.ts"}',
        "node_modules/pkg/a.ts": "export {};\n",
      },
      error: { file: "/asof.config.ts", says: /must ship JavaScript/ },
    },
    {
      what: "no default export",
      files: config("export const x = 1;\n"),
      error: { file: "/asof.config.ts", says: /export default configure/ },
    },
    {
      what: "a wrong setting",
      files: config("export default { definitions: {}, threads: -1 };\n"),
      error: { file: "/asof.config.ts", says: /threads/ },
    },
    {
      what: "code that throws",
      files: { ...config('import "./d.ts";\n'), "d.ts": "const a: any = null;\na.b;\n" },
      error: { file: "/d.ts", line: 2, says: /Cannot read properties of null/ },
    },
    {
      what: "code that throws no error",
      files: config('throw "so";\n'),
      error: { file: "/asof.config.ts", says: /so$/ },
    },
    {
      what: "a definition that is not valid: its own code, and the place",
      files: config(
        `import { AsofError } from ${errors};\n\nthrow new AsofError("ASOF_WINDOW", "no", { window: "7m" });\n`,
      ),
      error: { code: "ASOF_WINDOW", file: "/asof.config.ts", line: 3, says: /^no$/ },
    },
  ];

  interface Answer {
    readonly loaded?: { readonly folder: string };
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    };
  }
  let root: string;
  let answers: readonly Answer[];
  // With a blank: paths are URLs on their way through Node.
  const folderOf = (index: number): string => path.join(root, `case ${index}`);

  beforeAll(() => {
    root = realpathSync(mkdtempSync(path.join(tmpdir(), "asof-config-")));
    const paths = cases.map(({ files, from = "" }, index) => {
      for (const [name, text] of Object.entries({ "package.json": '{"type":"module"}', ...files })) {
        mkdirSync(path.dirname(path.join(folderOf(index), name)), { recursive: true });
        writeFileSync(path.join(folderOf(index), name), text);
      }
      return path.join(folderOf(index), from);
    });
    const script = `
      import { loadConfiguration } from ${JSON.stringify(new URL("./configuration.ts", import.meta.url).href)};
      const answers = [];
      for (const from of process.argv.slice(1))
        answers.push(await loadConfiguration(from).then((loaded) => ({ loaded }), (error) => ({ error })));
      console.log(JSON.stringify(answers));`;
    const args = ["--input-type=module", "-e", script, ...paths];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).toBe("");
    answers = JSON.parse(stdout) as Answer[];
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test.each(cases.map((one, index) => ({ ...one, index })))("$what", ({ index, loaded, error }) => {
    const answer = JSON.parse(
      JSON.stringify(answers[index])
        .replaceAll(`${folderOf(index)}/`, "/")
        .replaceAll(folderOf(index), "/"),
    ) as Answer;
    if (loaded !== undefined) return expect(answer).toEqual({ loaded });
    const { code = "ASOF_CONFIG", says, file, line } = error!;
    expect(answer.error).toMatchObject({ code, message: expect.stringMatching(says) });
    if (file !== undefined) expect(answer.error!.details["file"]).toBe(file);
    expect(answer.error!.details["line"]).toBe(line);
  });
});

test("sizes are decimal unless they say otherwise", () => {
  expect(["10B", "1kB", "1 KiB", "1.5MB", "2GiB"].map(bytesOf)).toEqual([10, 1000, 1024, 1_500_000, 2 * 2 ** 30]);
});
