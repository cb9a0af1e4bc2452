import type { Run, Status } from "../../api/answers.ts";
import { count } from "../../parts/figures.ts";
import { keysOnline, predictionsOf, recordsOf } from "../../parts/totals.ts";

export interface TourStep {
  readonly step: number;
  readonly name: string;
  readonly says: string;
  /** What to do to see it. */
  readonly task: string;
  /** Where to do it in the console. */
  readonly look: { readonly href: string; readonly text: string };
  readonly command: string;
  /** What this store has of it; null where nothing yet. */
  readonly here: (status: Status, runs: readonly Run[]) => string | null;
}

/** The five steps, on whatever store this is. */
export const tour: readonly TourStep[] = [
  {
    step: 1,
    name: "Ingest raw data",
    says: "Records come in, from files or as events. Each keeps two times: when it happened, and when it could be known. The second is what keeps the future out of training.",
    task: "Open events and compare the two times of each source: until when do events reach, and until when had they become known?",
    look: { href: "/?stage=events", text: "Open events" },
    command: "asof ingest SOURCE FILE…",
    here: (status) => {
      const rows = recordsOf(status);
      return rows === 0 ? null : `This store has ${count(rows)} records.`;
    },
  },
  {
    step: 2,
    name: "Compute batch features",
    says: "A query over history makes a row for each key and day, or whatever it covers. Its rows land in the offline store. Nothing is served from them yet.",
    task: "Open batch features: how many of their rows are offline, and how many keys has the online store of them?",
    look: { href: "/?stage=batch", text: "Open batch features" },
    command: "asof compute",
    here: ({ views }) => {
      const rows = views.reduce((sum, view) => sum + (view.offlineRows ?? 0), 0);
      return rows === 0 ? null : `This store has ${count(rows)} rows of batch features.`;
    },
  },
  {
    step: 3,
    name: "Train the model",
    says: "Every example is joined with what was known at its own moment. The model is measured on time that is later than all it learned from, and the first good version is promoted.",
    task: "Open models and compare the two lines of the ROC curve: what do the store’s features add?",
    look: { href: "/models", text: "Open models" },
    command: "asof train MODEL",
    here: ({ models }) => {
      const trained = models.filter(({ versions }) => versions > 0);
      return trained.length === 0
        ? null
        : `This store has ${trained.map(({ name, versions }) => `${name}, ${versions} ${versions === 1 ? "version" : "versions"}`).join("; ")}.`;
    },
  },
  {
    step: 4,
    name: "Materialize, and fold real-time features",
    says: "The present of each key goes into the online store. From then on every event is folded into it as it comes, so that it can be read in microseconds.",
    task: "Open the online store, then send an event if you can: the number of records folded goes up by itself.",
    look: { href: "/?stage=online", text: "Open the online store" },
    command: "asof materialize",
    here: (status) => {
      const all = keysOnline(status);
      return all === 0 ? null : `This store has ${count(all)} keys online.`;
    },
  },
  {
    step: 5,
    name: "Serve predictions",
    says: "A request reads the online store, the promoted version predicts, and what was served goes into the log. From there it can be checked against history.",
    task: "Ask for a prediction and see how little of its time the store took. Then compare both stores for the same key.",
    look: { href: "/playground", text: "Ask for a prediction" },
    command: "asof serve",
    here: (status) => {
      const served = predictionsOf(status);
      return served === 0 ? null : `This store has served ${count(served)} predictions.`;
    },
  },
];
