import { pino, stdTimeFunctions, type Logger } from "pino";
import type { LogLevel, ServerOptions } from "./server-options.ts";

type Given = Pick<ServerOptions, "logger" | "logStream">;

/** How log lines look: JSON with the level's name, the time as ISO 8601, the process, and of a request its id. */
const form = {
  base: { pid: process.pid },
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (label: string) => ({ level: label }) },
};

/** The level that is logged from; null where nothing is. */
export function logLevel({ logger = "error" }: Given): LogLevel | null {
  if (logger === false || logger === "silent") return null;
  return logger === true ? "info" : logger;
}

/** What the framework makes its log of. */
export function logSettings(
  given: Given,
): false | (typeof form & { level: LogLevel; stream: { write(line: string): void } }) {
  const level = logLevel(given);
  return level === null ? false : { ...form, level, stream: given.logStream ?? process.stderr };
}

/** A log of the same form, for what is no request. */
export function openLog(given: Given): Logger {
  return pino({ ...form, level: logLevel(given) ?? "silent" }, given.logStream ?? process.stderr);
}
