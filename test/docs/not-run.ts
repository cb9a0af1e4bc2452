/** What the pages show and no test here can do, each with why. There is nothing else: tests count it. */
export const NOT_RUN: readonly { readonly page: string; readonly starts: string; readonly why: string }[] = [
  {
    page: "README.md",
    starts: "npm run quickstart",
    why: "takes minutes; test/flow/loop.test.ts is its loop on fewer flights",
  },
  { page: "README.md", starts: "npm test", why: "would run this test" },
  {
    page: "README.md",
    starts: "asof init my-store && ",
    why: "npm install asks a registry; `asof init` is run from docs/cli.md",
  },
  {
    page: "docs/cli.md",
    starts: "asof ingest orders --postgres",
    why: "takes a PostgreSQL: test/flow/postgres.test.ts",
  },
  { page: "docs/ingest.md", starts: "export PGHOST", why: "takes a PostgreSQL" },
  { page: "docs/ingest.md", starts: "asof ingest orders --postgres --table", why: "takes a PostgreSQL" },
  { page: "docs/ingest.md", starts: "asof ingest orders --postgres postgres:", why: "takes a PostgreSQL" },
  {
    page: "docs/ingest.md",
    starts: "zcat flights.csv.gz | asof",
    why: "takes zcat; test/cli/whole-loop.test.ts loads from standard input",
  },
  {
    page: "docs/security.md",
    starts: "curl https://features.example.com",
    why: "the machine is made up; test/flow/access.test.ts sends keys",
  },
  { page: "docs/tutorial.md", starts: "npm install asof", why: "asks a registry" },
  {
    page: "docs/tutorial.md",
    starts: "npx asof serve",
    why: "at the usual port, which may be taken; docs/cli.md's is run at a free one",
  },
  { page: "docs/tutorial.md", starts: "curl localhost:2763", why: "asks that server" },
  { page: "docs/tutorial.md", starts: "npx asof verify\n", why: "takes a minute; docs/cli.md's is run" },
  {
    page: "docs/feast.md",
    starts: "store = FeatureStore",
    why: "takes a Python with Feast: test/feast/sdk.test.ts, where there is one",
  },
  {
    page: "docs/http.md",
    starts: "response = requests",
    why: "takes a Python with pyarrow; test/flow/columns.test.ts reads the same in JavaScript",
  },
  { page: "docs/fuzzing.md", starts: "npm run fuzz    ", why: "takes minutes; test/fuzz has a short one" },
  { page: "docs/fuzzing.md", starts: "npm run fuzz -- --target", why: "takes minutes" },
  { page: "docs/fuzzing.md", starts: "npm run fuzz -- --seed", why: "takes minutes" },
  { page: "docs/fuzzing.md", starts: "npm run fuzz -- --replay", why: "takes a finding" },
  {
    page: "docs/fuzzing.md",
    starts: "npm run test:schemathesis",
    why: "installs a Python package; test/schemathesis runs it where it is",
  },
  { page: "docs/models.md", starts: "ONNXRUNTIME_NODE_INSTALL", why: "asks a registry" },
  {
    page: "docs/online-stores.md",
    starts: "// asof.config.ts",
    why: "takes a Redis with TLS: it is compiled, and made a configuration",
  },
  { page: "docs/operations.md", starts: "npm run torture    ", why: "takes minutes; test/torture has a short one" },
  { page: "docs/operations.md", starts: "npm run torture -- --rounds", why: "takes minutes" },
  { page: "docs/operations.md", starts: "npm run torture -- --redis", why: "takes a Redis" },
];

/** Whether a block, or a line to type, is on the list. */
export const leftOut = ({ page, text }: { readonly page: string; readonly text: string }): boolean =>
  NOT_RUN.some((one) => one.page === page && `${text}\n`.startsWith(one.starts));
