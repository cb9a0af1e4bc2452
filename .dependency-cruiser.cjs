// The import rules of ARCHITECTURE.md, checked by `npm run check`. test/import-rules.test.ts plants a violation of
// each rule and sees it found.

const TEST = "\\.test\\.ts$";
/** Our own folders: what is left is npm or a Node builtin. */
const OURS = "^(src|test|bench|examples|scripts|console)/";
/** What chooses adapters: for an open store, and for the folder of a store as a whole. */
const OPEN = "^src/(open\\.ts$|safekeeping/)";
/** What opens parts of a store in threads beside the one that has it open. */
const THREADS = "^src/(fold|archive)-worker\\.ts$";
const VAGUE = "[/._-](utils?|helpers?|common|misc)([/._-]|$)";

/** `from` (tests aside) may import only what `to` matches. */
const only = (name, comment, from, to) => ({
  name,
  comment,
  severity: "error",
  from: { path: from, pathNot: TEST },
  to: { pathNot: to },
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    only("core-imports-only-core", "core is pure: no npm, no Node, no other folder", "^src/core/", "^src/core/"),
    only("ports-import-only-core", "ports are interfaces over the types of core", "^src/ports/", "^src/(core|ports)/"),
    {
      name: "ports-import-core-types-only",
      comment: "a port has no behaviour of its own",
      severity: "error",
      from: { path: "^src/ports/", pathNot: TEST },
      to: { path: "^src/core/", dependencyTypesNot: ["type-only"] },
    },
    only(
      "stages-import-core-ports-and-themselves",
      "a stage never imports another stage, an adapter, npm or Node",
      "^src/stages/([^/]+)/",
      "^src/(core|ports|stages/$1)/",
    ),
    {
      name: "adapters-import-core-ports-and-themselves",
      comment: "no adapter knows a stage, a surface or another adapter; its driver and Node are its own business",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)/", pathNot: TEST },
      to: { path: OURS, pathNot: "^src/(core|ports|adapters/$1)/" },
    },
    only(
      "store-imports-stages-ports-core",
      "the composition root is handed its adapters",
      "^src/store(\\.ts$|/)",
      "^src/(stages|ports|core|store)/",
    ),
    {
      name: "surfaces-import-store-core-and-surfaces",
      comment: "how people and programs reach the store; the configuration opens it for them",
      severity: "error",
      from: { path: "^src/surfaces/", pathNot: TEST },
      to: { path: OURS, pathNot: ["^src/(store|configuration)\\.ts$", OPEN, "^src/(core|surfaces)/"] },
    },
    {
      name: "only-configuration-names-adapters",
      comment: "adapters are chosen in one place",
      severity: "error",
      from: { path: "^src/", pathNot: [TEST, "^src/adapters/", "^src/configuration\\.ts$", OPEN, THREADS] },
      to: { path: "^src/adapters/" },
    },
    {
      name: "client-imports-server-types-only",
      comment: "a client runs anywhere: nothing of the server but types",
      severity: "error",
      from: { path: "^(src/surfaces/client|console)/", pathNot: TEST },
      to: { path: "^src/", pathNot: "^src/surfaces/client/", dependencyTypesNot: ["type-only"] },
    },
    only("client-imports-no-package", "a client runs anywhere: no npm, no Node", "^src/surfaces/client/", "^src/"),
    {
      name: "nothing-imports-tests-and-benches",
      comment: "tests and benches import anything; only each other import them",
      severity: "error",
      from: { pathNot: ["^(test|bench)/", TEST] },
      to: { path: ["^(test|bench)/", TEST] },
    },
    {
      name: "no-cycles",
      comment: "also of types: two files that need each other are one concept or three",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-vague-names",
      comment: "a file is named after the one concept in it",
      severity: "error",
      from: { path: VAGUE },
      to: {},
    },
    {
      name: "no-vague-names-imported",
      comment: "a file is named after the one concept in it",
      severity: "error",
      from: {},
      to: { path: VAGUE, pathNot: "node_modules/" },
    },
    {
      name: "no-vague-names-alone",
      comment: "a file is named after the one concept in it",
      severity: "error",
      from: { orphan: true, path: VAGUE },
      to: {},
    },
    {
      name: "no-inner-barrels",
      comment: "barrels only at the package's entries: importing one inside would import everything",
      severity: "error",
      from: {},
      to: { path: "^src/.*/index\\.ts$", pathNot: "^src/surfaces/client/index\\.ts$" },
    },
    {
      name: "src-imports-dependencies-only",
      comment: "what ships imports what package.json lists under dependencies (or optional peers)",
      severity: "error",
      from: { path: "^src/", pathNot: TEST },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        // For the tests an optional peer is a development dependency as well.
        dependencyTypesNot: ["npm-peer"],
      },
    },
    {
      name: "imports-exist",
      comment: "a path that leads nowhere would escape every other rule",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^asof$" },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|coverage|\\.asof)/" },
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
    moduleSystems: ["es6", "cjs"],
  },
};
