import type { StoreSettings, WorkerFailure } from "./course-store.ts";
import type { LaneOptions, LaneReport } from "./lane.ts";

/** To a lane of its own process. */
export type ToWorker =
  | {
      readonly kind: "lane";
      /** The file of the configuration that names the definitions. */
      readonly configuration: string;
      readonly lane: LaneOptions;
      readonly minutes: number;
    }
  | StoreSettings
  /** A run has failed: later ones need not begin. */
  | { readonly kind: "limit"; readonly run: number };

export type FromLane = { readonly kind: "report" | "done"; readonly report: LaneReport } | WorkerFailure;
