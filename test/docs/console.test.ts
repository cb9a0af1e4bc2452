// What the pages type at a prompt, typed: in the order of the pages, in the folders of two readers.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asof } from "../cli/captured-io.ts";
import { repository } from "../feast/open-drivers.ts";
import { follow, labels, type Way } from "./console-session.ts";
import { leftOut } from "./not-run.ts";
import { blocksOf, commandsOf, isCommand, pages, type ShownCommand } from "./pages.ts";
import { Projects } from "./projects.ts";

const projects = new Projects();
let flights: string;
let shop: string;
let elsewhere: string;
let backups: string;

async function did(cwd: string, line: string): Promise<void> {
  const { code, out, err } = await asof(line.split(" "), { cwd });
  expect(code, `${line}\n${out}${err}`).toBe(0);
}

beforeAll(async () => {
  flights = await projects.flights();
  shop = projects.shop();
  elsewhere = projects.make("elsewhere");
  backups = projects.make("backups");
  for (const line of ["apply", "ingest payments payments.ndjson", "ingest orders orders.ndjson", "train fraud"])
    await did(shop, line);
  const scheduling = blocksOf("docs/scheduling.md").find(({ language }) => language === "ts")!;
  const head = 'import { configure } from "asof";\nimport * as definitions from "./definitions.ts";\n';
  writeFileSync(path.join(flights, "scheduled.config.ts"), head + scheduling.text);
});
afterAll(() => projects.remove());

/** What is done otherwise than to the letter in the folder of the flights. The first that fits counts. */
const ways: readonly (readonly [starts: string, way: () => Way])[] = [
  ["asof ingest flihgts", () => ({ code: 1 })],
  ["asof init", () => ({ cwd: elsewhere })],
  ["asof import feast ../", () => ({ cwd: elsewhere, instead: { "../drivers/feature_repo": repository } })],
  [
    "asof import feast path/",
    () => ({ cwd: elsewhere, instead: { "path/to/feature_repo": repository }, more: ["--force"] }),
  ],
  ["asof retract orders", () => ({ cwd: shop })],
  ["asof promote late_flight_model 2", () => ({ before: () => did(flights, "train late_flight_model --no-promote") })],
  // It has hardly predicted anything: test/flow/trials.test.ts has what is shown then.
  ["asof models compare", () => ({ lacks: /./ })],
  ["asof serve", () => ({ more: ["--port", "0"] })],
  // The page's store has replayed the week by then.
  ["asof explain departures.delay_3h airport=SEA", () => ({ before: () => did(flights, REPLAY) })],
  ["asof schedule", () => ({ more: ["--config", "scheduled.config.ts"] })],
  ["asof verify --seed", () => ({ instead: { "6": "1" } })],
  ["asof verify [--data]", () => ({ instead: { "[--data]": "--data" }, more: ["--runs", "1"] })],
  [
    "asof get late_flight origin=ORD …",
    () => ({
      instead: { "…": "destination=JFK", "[--at": "--at", "time]": "2001-06-20" },
      more: ["scheduled=2001-06-20", "distance=1"],
    }),
  ],
  ["asof forget airport airport=ORD", () => ({ more: ["--yes"] })],
  ["asof keys list", () => ({ cwd: shop, lacks: /^[0-9a-f]{12}$/ })],
  [
    "asof keys revoke dashboard",
    () => ({
      cwd: shop,
      before: () => once("dashboard", () => did(shop, "keys create dashboard --scope read predict")),
    }),
  ],
  ["asof keys reset", () => ({ cwd: shop, before: () => did(shop, "keys revoke tills") })],
  ["asof keys", () => ({ cwd: shop })],
  ["asof audit-log", () => ({ cwd: shop })],
  // The page shows one that is damaged.
  ["asof doctor", () => ({ cwd: shop, lacks: /^(WRONG|file|to do)$/ })],
  ["asof backup", () => ({ cwd: shop, instead: { "/backups/monday": path.join(backups, String(++copies)) } })],
  [
    "asof restore",
    () => ({
      cwd: shop,
      instead: { "/backups/monday": path.join(backups, String(copies)), "/data/asof": path.join(backups, "home") },
    }),
  ],
];
function wayOf({ text }: ShownCommand): Way {
  const found = ways.find(([starts]) => text.replace(/^npx /, "").startsWith(starts));
  return found === undefined ? {} : found[1]();
}

let copies = 0;
const done = new Set<string>();
/** Two pages revoke one key. */
async function once(what: string, work: () => Promise<void>): Promise<void> {
  if (!done.has(what)) await work();
  done.add(what);
}

const REPLAY = "replay flights flights.parquet --from 2001-06-24 --until 2001-06-25";

/** The pages in the order in which a reader would do what they say. */
const order = [
  "docs/cli.md",
  "docs/ingest.md",
  "docs/models.md",
  "docs/feast.md",
  "docs/security.md",
  "docs/operations.md",
  "README.md",
];
const typed: ShownCommand[] = [
  ...order,
  ...pages.filter((page) => !order.includes(page) && page !== "docs/tutorial.md"),
]
  .flatMap((page) => blocksOf(page).filter(({ language }) => ["", "sh", "console"].includes(language)))
  .flatMap(commandsOf)
  // curl is asked for by http-session.ts.
  .filter(({ text }) => isCommand(text) && !text.startsWith("curl "));
/** Without what is said of it. */
const bare = (text: string): string => text.replace(/^npx /, "").replace(/ {3,}.*$| +#.*$/, "");
/** Without what README.md repeats of docs/cli.md. */
const first = typed.filter(({ text }, i) => typed.findIndex((one) => bare(one.text) === bare(text)) === i);

describe("what the pages type at a prompt", () => {
  test.each(first.filter((one) => !leftOut(one)))("$page:$line $text", async (shown) => {
    await follow(shown, wayOf(shown), flights);
  });
});

test("labels are what a page can be held to", () => {
  const shown =
    "view           new rows  unchanged  time\nairport_daily    38,404          0  2.6 s\n\nNothing is wrong.\n";
  expect(labels(shown)).toEqual(["view | new rows | unchanged | time", "airport_daily"]);
});
