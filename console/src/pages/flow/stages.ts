import type { Live, ModelVersion, Run } from "../../api/answers.ts";
import type { LiveState } from "../../live/live-stream.ts";
import {
  bytes,
  count,
  countOf,
  digits,
  milliseconds,
  NONE,
  perSecond,
  seconds,
  shortCount,
  span,
} from "../../parts/figures.ts";
import { keysOnline, predictionsOf, recordsOf } from "../../parts/totals.ts";

export type StageId =
  | "raw"
  | "batch"
  | "offline"
  | "training"
  | "model"
  | "events"
  | "real-time"
  | "online"
  | "serving"
  | "predictions";

export interface Stage {
  readonly id: StageId;
  readonly lane: "offline" | "online";
  /** Of the five steps; null for what is a place and no step. */
  readonly step: number | null;
  readonly name: string;
  readonly figure: string;
  readonly unit: string;
  readonly notes: readonly string[];
  readonly busy: boolean;
}

/** What each stage of the flow shows, from what the server tells. */
export function stagesOf(
  { status, requests }: Live,
  rates: LiveState["rates"],
  models: readonly ModelVersion[] | null,
  runs: readonly Run[],
): readonly Stage[] {
  const { offline, online, log, views } = status;
  const computed = views.reduce((sum, { offlineRows }) => sum + (offlineRows ?? 0), 0);
  const inLog = offline.sources.reduce((total, source) => total + source.inLog, 0);
  const serving = servingOf(requests);
  const best = models?.find(({ promoted }) => promoted) ?? null;
  const stale = views.filter((view) => view.stale);
  const running = (kind: string): boolean => status.runs.some((run) => run.kind === kind && run.state === "running");
  return [
    {
      id: "raw",
      lane: "offline",
      step: 1,
      name: "Raw data",
      figure: shortCount(recordsOf(status)),
      unit: "records",
      notes: [last(runs, "load", "loaded")],
      busy: running("load"),
    },
    {
      id: "batch",
      lane: "offline",
      step: 2,
      name: "Batch features",
      figure: shortCount(computed),
      unit: "rows",
      notes: [last(runs, "compute", "computed")],
      busy: running("compute"),
    },
    {
      id: "offline",
      lane: "offline",
      step: null,
      name: "Offline store",
      figure: bytes(offline.bytes),
      unit: `in ${countOf(offline.files, "file")}`,
      notes: ["What was true then"],
      busy: running("compact"),
    },
    {
      id: "training",
      lane: "offline",
      step: 3,
      name: "Training",
      figure: shortCount(best?.trainingSet.rows ?? null),
      unit: "examples",
      notes: [last(runs, "train", "trained")],
      busy: running("train"),
    },
    {
      id: "model",
      lane: "offline",
      step: null,
      name: "Model",
      figure: best === null ? NONE : `Version ${best.version}`,
      unit: best === null ? "none serves" : "serves",
      notes: [best === null ? "" : qualityOf(best)],
      busy: false,
    },
    {
      id: "events",
      lane: "online",
      step: 1,
      name: "Events",
      figure: shortCount(log.end),
      unit: "in the log",
      notes: [
        rates === null ? "Counting" : `${perSecond(rates.records)} now`,
        inLog === 0 ? "all archived" : `${count(inLog)} to archive`,
      ],
      busy: (rates?.records ?? 0) > 0,
    },
    {
      id: "real-time",
      lane: "online",
      step: 4,
      name: "Real-time features",
      figure: shortCount(keysOnline(status, "aggregateView")),
      unit: "keys",
      notes: [log.unfolded === 0 ? "All events are in" : `${countOf(log.unfolded, "event")} to fold`],
      busy: (rates?.records ?? 0) > 0 || log.unfolded > 0,
    },
    {
      id: "online",
      lane: "online",
      step: null,
      name: "Online store",
      figure: bytes(online.bytes),
      unit: status.freshness === null ? "empty" : `${span(status.freshness)} behind`,
      notes: [stale.length === 0 ? "What is true now" : `${countOf(stale.length, "view")} stale`],
      busy: running("materialize"),
    },
    {
      id: "serving",
      lane: "online",
      step: 5,
      name: "Serving",
      figure: serving === null ? "0 / s" : perSecond(serving.perSecond),
      unit: "requests",
      notes: [serving === null ? "None in the last minute" : `p99 ${milliseconds(serving.p99)}, last minute`],
      busy: serving !== null && (rates?.predictions ?? 0) > 0,
    },
    {
      id: "predictions",
      lane: "online",
      step: null,
      name: "Predictions",
      figure: shortCount(predictionsOf(status)),
      unit: "logged",
      notes: [rates === null || rates.predictions === 0 ? "None at the moment" : `${perSecond(rates.predictions)} now`],
      busy: (rates?.predictions ?? 0) > 0,
    },
  ];
}

/** Requests for features and predictions together; the slowest p99 of them. */
function servingOf(requests: Live["requests"]): { readonly perSecond: number; readonly p99: number } | null {
  const asked = requests.filter(({ route }) => /^(\/v1\/(features|predict)\/|\/get-online-features)[^,]*$/.test(route));
  if (asked.length === 0) return null;
  return {
    perSecond: asked.reduce((sum, one) => sum + one.perSecond, 0),
    p99: Math.max(...asked.map(({ p99 }) => p99)),
  };
}

function last(runs: readonly Run[], kind: string, done: string): string {
  const run = runs.find((one) => one.kind === kind);
  if (run === undefined) return "";
  return run.state === "running" ? "Running now" : wordsOf(run, done);
}

function wordsOf(run: Run, done: string): string {
  if (run.state !== "succeeded") return `Last run ${run.state}`;
  return `Last ${done} in ${seconds(run.seconds)}`;
}

export function qualityOf({ metrics }: ModelVersion): string {
  if (metrics.task === "classification") return metrics.auc === null ? "" : `AUC ${metrics.auc.toFixed(3)}, held out`;
  return `RMSE ${digits(metrics.rmse)}, held out`;
}
