import type { Run, Status } from "../../api/answers.ts";
import { bytes, count } from "../../parts/figures.ts";
import { recordsOf } from "../../parts/totals.ts";

export interface Question {
  readonly id: string;
  readonly asks: string;
  readonly choices: readonly string[];
  /** The right choice as this store's own records have it, and what they say; null where they say nothing yet. */
  readonly truth: (
    status: Status,
    runs: readonly Run[],
  ) => { readonly choice: number; readonly because: string } | null;
}

const first = (runs: readonly Run[], is: (run: Run) => boolean): Run | undefined =>
  runs.filter((run) => run.state === "succeeded" && is(run)).toSorted((a, b) => a.id - b.id)[0];

/** Kinds of runs, by the step that they are of. */
export const stepOf: Readonly<Record<string, number>> = { load: 1, compute: 2, train: 3, materialize: 4 };

export const questions: readonly Question[] = [
  {
    id: "real-time",
    asks: "At which step do real-time features arrive in the online store?",
    choices: ["Step 1, ingest", "Step 2, compute", "Step 3, train", "Step 4, materialize and fold", "Step 5, serve"],
    truth: ({ views }, runs) => {
      const realTime = new Set(views.filter(({ kind }) => kind === "aggregateView").map(({ name }) => name));
      const run = first(runs, ({ target, location }) => realTime.has(target) && location === "online store");
      const step = run === undefined ? undefined : stepOf[run.kind];
      if (run === undefined || step === undefined) return null;
      return {
        choice: step - 1,
        because: `Run ${run.id} of this store, ${run.kind} ${run.target}, was the first that wrote real-time features to the ${run.location}.`,
      };
    },
  },
  {
    id: "model",
    asks: "What state is the model in after step 3?",
    choices: [
      "There is none yet",
      "Trained, measured and promoted",
      "Trained, and waiting to be promoted",
      "Predicting for the application",
    ],
    truth: (_status, runs) => {
      const run = first(runs, ({ kind }) => kind === "train");
      if (run === undefined) return null;
      const promoted = run.details["promoted"] === true;
      return {
        choice: promoted ? 1 : 2,
        because: `Run ${run.id} of this store trained ${run.target} and ${promoted ? "promoted" : "did not promote"} it. It predicts for nobody before the online store has features, in step 4.`,
      };
    },
  },
  {
    id: "slow",
    asks: "Which step suffers when the online store is slow?",
    choices: ["Step 2, compute", "Step 3, train", "Step 5, serve"],
    truth: (_status, runs) => {
      const reads = [2, 3].map((step) => first(runs, ({ kind }) => stepOf[kind] === step));
      if (reads.some((run) => run === undefined)) return null;
      return {
        choice: 2,
        because: `Runs ${reads.map((run) => run!.id).join(" and ")} of this store, steps 2 and 3, read history and wrote to the ${reads.map((run) => run!.location).join(" and the ")}. Only serving waits for the online store.`,
      };
    },
  },
  {
    id: "raw",
    asks: "Why does serving not read raw data?",
    choices: [
      "It is not allowed to",
      "A window over it would have to be counted anew at each request",
      "Raw data is not available any more",
    ],
    truth: (status) => {
      const rows = recordsOf(status);
      if (rows === 0) return null;
      return {
        choice: 1,
        because: `Here that would mean to search ${count(rows)} records at each request. The online store has it counted already, in ${bytes(status.online.bytes)}.`,
      };
    },
  },
];
