#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it must be able to tell an old Node what is wrong.
const major = Number(process.versions.node.split(".")[0]);

if (major < 24) {
  process.stderr.write(
    `ASOF_NODE_VERSION: asof needs Node 24 or newer, this is v${process.versions.node}; ` +
      "install a newer Node (https://nodejs.org/en/download) and run the command again\n",
  );
  process.exit(1);
}

await import("../dist/surfaces/cli/main.js");
