import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What `init` can start a project from. */
export const templateNames = ["flights", "blank"] as const;
export type TemplateName = (typeof templateNames)[number];

export interface Template {
  /** The text of each file by its path in the project. */
  readonly files: Readonly<Record<string, string>>;
  /** Packages it needs beside asof, with their versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** What to do once the packages are installed: commands and what they are for. */
  readonly steps: readonly (readonly [command: string, purpose: string])[];
}

/** What a project needs of the example; the rest of it is the quickstart. */
const flightFiles = ["asof.config.ts", "definitions.ts"];

export function readTemplate(name: TemplateName): Template {
  return name === "flights" ? flights() : blank;
}

function flights(): Template {
  const folder = fileURLToPath(new URL("../../../examples/flights/", import.meta.url));
  const data = "node_modules/vega-datasets/data/flights-3m.parquet";
  return {
    files: Object.fromEntries(flightFiles.map((name) => [name, readFileSync(path.join(folder, name), "utf8")])),
    packages: { "vega-datasets": "3.2.1" },
    steps: [
      ["npx asof apply --yes", "make the definitions the store's"],
      [`npx asof ingest flights ${data} --until 2001-06-24`, "three million flights, but for the last week"],
      ["npx asof compute", "batch features"],
      ["npx asof train late_flight_model", "train and measure (about a minute)"],
      ["npx asof materialize", "bring the features online"],
      ["npx asof get late_flight origin=SEA destination=JFK scheduled=2001-06-24T08:00 distance=2421", "look at them"],
      [`npx asof replay flights ${data} --from 2001-06-24 --until 2001-07-01`, "live through the last week"],
      ["npx asof serve", "serve features and predictions over HTTP"],
    ],
  };
}

const blank: Template = {
  files: {
    "asof.config.ts": `import { configure } from "asof";
import * as definitions from "./definitions.ts";

export default configure({ definitions });
`,
    "definitions.ts": `import { aggregateView, avg, count, entity, eventSource, featureService, sum, t } from "asof";

export const customer = entity("customer", { customer: t.string() });

export const orders = eventSource("orders", {
  fields: { placed: t.timestamp(), customer: t.string(), amount: t.float64() },
  eventTime: "placed",
});

export const spending = aggregateView("spending", {
  source: orders,
  entity: customer.from({ customer: "customer" }),
  features: {
    orders: count().over("1d", "30d", "lifetime"),
    amount: sum("amount").over("1d", "lifetime"),
    mean: avg("amount").over("30d"),
  },
});

export const customerFeatures = featureService("customer_features", [spending]);
`,
    "orders.ndjson": `{"placed":"2025-01-01T09:00:00Z","customer":"ada","amount":12.5}
{"placed":"2025-01-01T17:30:00Z","customer":"ada","amount":7}
{"placed":"2025-01-02T08:15:00Z","customer":"bob","amount":40.25}
`,
  },
  packages: {},
  steps: [
    ["npx asof apply --yes", "make the definitions the store's"],
    ["npx asof ingest orders orders.ndjson", "load three orders"],
    ["npx asof materialize", "bring the features online"],
    ["npx asof get customer_features customer=ada", "look at them"],
    ["npx asof get customer_features customer=ada --at 2025-01-02", "as they were known then"],
    ["npx asof serve", "serve them over HTTP"],
  ],
};
