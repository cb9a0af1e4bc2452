import { Cron } from "croner";
import type { JobKind } from "./core/result/schedule.ts";

/** A job of the schedule: what runs, about what, and when. */
export interface JobSettings {
  /** `compute` batch views, `materialize` views, `train` models, or `verify` samples of the store's own data. */
  readonly run: JobKind;
  /** When: a cron expression of five fields, six with seconds first, or `@hourly`, `@daily`, `@weekly`. */
  readonly cron: string;
  /** The time zone of `cron`, such as "Europe/Berlin". Default "UTC". */
  readonly timezone?: string;
  /** Views to compute or to materialize. Default: all. */
  readonly views?: readonly string[];
  /** Models to train. Default: all. */
  readonly models?: readonly string[];
  /** Whether models that are trained serve from then on. Default: as `asof train` has it. */
  readonly promote?: boolean;
  /** For how many minutes to verify at the most. Default 1. */
  readonly minutes?: number;
  /**
   * What becomes of turns that came while nothing served: "once" (the default) runs the job once for all of them at the
   * start, "skip" waits for the next turn.
   */
  readonly missed?: "once" | "skip";
}

/** Jobs by their names. */
export type ScheduleSettings = Readonly<Record<string, JobSettings>>;

const KINDS: readonly JobKind[] = ["compute", "materialize", "train", "verify"];
const ALLOWED: Readonly<Record<JobKind, readonly string[]>> = {
  compute: ["views"],
  materialize: ["views"],
  train: ["models", "promote"],
  verify: ["minutes"],
};
const ALWAYS = ["run", "cron", "timezone", "missed"];

/** What is wrong with a schedule, or null. */
export function scheduleFault(schedule: Readonly<Record<string, unknown>>): string | null {
  for (const [name, job] of Object.entries(schedule)) {
    const fault = /^[A-Za-z][\w-]{0,62}$/.test(name) ? jobFault(job) : "must be named by letters, digits, - and _";
    if (fault !== null) return `has a job ${name} that ${fault}`;
  }
  return null;
}

function jobFault(job: unknown): string | null {
  if (typeof job !== "object" || job === null || Array.isArray(job)) return "must be { run, cron }";
  const { run, cron, timezone = "UTC", missed, views, models, promote, minutes } = job as Record<string, unknown>;
  const kind = KINDS.find((one) => one === run);
  if (kind === undefined) return `must run ${KINDS.join(", ")}`;
  const extra = Object.keys(job).find((key) => ![...ALWAYS, ...ALLOWED[kind]].includes(key));
  if (extra !== undefined) return `has no ${extra}: for ${kind} there are ${[...ALWAYS, ...ALLOWED[kind]].join(", ")}`;
  if (typeof cron !== "string") return 'must have a cron expression such as "0 3 * * *"';
  if (typeof timezone !== "string" || !isTimezone(timezone)) return 'must have a time zone such as "Europe/Berlin"';
  const wrong = cronFault(cron, timezone);
  if (wrong !== null) return `has no cron expression that can be read: ${wrong}`;
  if (missed !== undefined && missed !== "once" && missed !== "skip") return 'must have "once" or "skip" as missed';
  for (const [key, names] of Object.entries({ views, models }))
    if (names !== undefined && !(Array.isArray(names) && names.every((one) => typeof one === "string")))
      return `must have a list of names as its ${key}`;
  if (promote !== undefined && typeof promote !== "boolean") return "must have true or false as promote";
  if (minutes !== undefined && !(typeof minutes === "number" && minutes > 0 && Number.isFinite(minutes)))
    return "must have a number above 0 as its minutes";
  return null;
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

function cronFault(cron: string, timezone: string): string | null {
  try {
    return new Cron(cron, { timezone, paused: true }).nextRun() === null ? "it has no moment to come" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
