import { existsSync, readFileSync } from "node:fs";

/** What the processors of this machine have done since it started, in ticks; null where the system does not tell. */
export interface Processors {
  readonly stolen: number;
  readonly all: number;
}

/** Reads it from Linux's `/proc/stat`. */
export function processors(): Processors | null {
  if (!existsSync("/proc/stat")) return null;
  const [, ...ticks] = readFileSync("/proc/stat", "utf8").split("\n")[0].trim().split(/\s+/);
  // User, nice, system, idle, waiting, two kinds of interrupts, stolen; guests are in the first two already.
  const times = ticks.slice(0, 8).map(Number);
  return { stolen: times[7], all: times.reduce((sum, time) => sum + time, 0) };
}

/** The share that went to other machines on the same host, as text. */
export function stolenSince(before: Processors | null): string {
  const now = processors();
  if (before === null || now === null) return "an unknown share";
  return `${(((now.stolen - before.stolen) / (now.all - before.all)) * 100).toFixed(0)} %`;
}
