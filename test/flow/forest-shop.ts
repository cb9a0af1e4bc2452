// The shop with another trainer of its model: what it makes is another version.
import { model, randomForest } from "../../src/index.ts";
import { payments, riskFeatures } from "./shop.ts";

export * from "./shop.ts";

export const fraud = model("fraud", {
  features: riskFeatures,
  examples: { source: payments, at: "at" },
  label: "refund",
  split: { train: ["2026-01-01", "2026-02-01"], test: ["2026-02-01", "2026-03-01"] },
  trainer: randomForest(),
});
