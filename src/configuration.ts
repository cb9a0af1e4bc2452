import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { redisFault, type RedisSettings } from "./adapters/redis/redis-settings.ts";
import { type OidcOptions, oidcFault } from "./core/access/oidc-options.ts";
import { AsofError } from "./core/errors.ts";
import type { DurationText } from "./core/time/duration.ts";
import { parseTimestamp, type TimestampInput } from "./core/time/timestamp.ts";
import { explainImportFailure } from "./import-failure.ts";
import { type ScheduleSettings, scheduleFault } from "./job-settings.ts";

/** How the store is served over HTTP. */
export interface ServerConfiguration {
  /** Default "127.0.0.1". Others take credentials: an API key (`asof keys create`), or `oidc`. */
  readonly host?: string;
  /** Default 2763. */
  readonly port?: number;
  /** An issuer whose bearer tokens are taken beside API keys. */
  readonly oidc?: OidcOptions;
  /** Requests a second of each key or token that does not say otherwise. Default: as many as come. */
  readonly rate?: number;
  /** How long an answer may take, such as "10s". Default "60s". Work that is waited for, such as materializing, has no limit. */
  readonly timeout?: DurationText;
}

/** What `asof.config.ts` exports by default: where a store lives and what it is made of. */
export interface Configuration {
  /** Folder of the store's data, relative to the configuration file. Default ".asof". */
  readonly home?: string;
  /** The module namespaces or records that hold the definitions: `import * as definitions from "./definitions.ts"`. */
  readonly definitions: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
  /** Where the online store is: "lmdb" (default), in the store's folder, or in a Redis, a Valkey or a cluster of them. */
  readonly online?: "lmdb" | { readonly redis: RedisSettings };
  /** "system" (default), or a simulated clock that stands at `start` until a replay moves it. */
  readonly clock?: "system" | { readonly simulated: TimestampInput };
  readonly server?: ServerConfiguration;
  /** DuckDB's share of memory, such as "512MB". Default "1GB". */
  readonly memory?: string;
  /**
   * Bytes of records that may wait for the disk, such as "64MB" (the default): beyond, records are refused as
   * ASOF_QUEUE_FULL until some are written.
   */
  readonly queue?: string;
  /** Threads of the offline engine; with 1 nothing else has a thread of its own either. Default: one a core. */
  readonly threads?: number;
  /**
   * While the store is open for writing, a share of the requests for features and predictions (`sample`, 0 to 1;
   * default 0.01) is computed again from history every so often (`every`, a duration such as "30s"; default "1m") and
   * compared with what was served. False turns it off.
   */
  readonly audit?: false | { readonly sample?: number; readonly every?: DurationText };
  /**
   * For how long the log of what models served is kept (`retention`, in days, such as "90d"), by the moments of the
   * answers. Default: for ever.
   */
  readonly served?: { readonly retention: DurationText };
  /** Jobs that `asof serve` runs at their times, by name: `{ nightly: { run: "compute", cron: "0 3 * * *" } }`. */
  readonly schedule?: ScheduleSettings;
  /**
   * What `asof serve` tells in its log and to webhooks: failed jobs, differences found by the audit, answers that are
   * further behind the clock than `staleness` (default "1m"), features with a PSI above `drift` (default 0.25).
   */
  readonly notify?: NotifySettings;
  /** What `asof serve` logs, as JSON lines on standard error. Default "error"; "info" adds a line for each request. */
  readonly log?: LogLevel;
  /** Sends spans of requests, and of what the store does for them, to a collector of OpenTelemetry. Default: off. */
  readonly tracing?: TracingSettings;
}

export interface TracingSettings {
  /** Where OTLP over HTTP is taken, as JSON. Default: OTEL_EXPORTER_OTLP_ENDPOINT, else "http://localhost:4318/v1/traces". */
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The name of the service. Default "asof". */
  readonly service?: string;
  /** The share of traces that begin here and are sent, 0 to 1. Default 1. */
  readonly sample?: number;
  /** Milliseconds after which spans are sent at the latest. Default 5000. */
  readonly delay?: number;
}

export type { JobSettings, ScheduleSettings } from "./job-settings.ts";

export type LogLevel = "silent" | "fatal" | "error" | "warn" | "info" | "debug" | "trace";

export interface NotifySettings {
  readonly webhooks?: readonly (
    | string
    | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  )[];
  readonly staleness?: DurationText;
  readonly drift?: number;
}

export interface LoadedConfiguration {
  /** As the file exports it, with `home` made absolute. */
  readonly configuration: Configuration & { readonly home: string };
  readonly file: string;
  readonly folder: string;
}

const DEFAULT_HOME = ".asof";
const fileNames = ["asof.config.ts", "asof.config.mts", "asof.config.js", "asof.config.mjs"];

const LEVELS: readonly LogLevel[] = ["silent", "fatal", "error", "warn", "info", "debug", "trace"];

/** What is wrong with a setting, or null. */
const settings: Readonly<Record<keyof Configuration, (value: unknown) => string | null>> = {
  home: (value) => (typeof value === "string" && value !== "" ? null : "must be the path of a folder"),
  definitions: (value) =>
    (Array.isArray(value) ? value.every(isRecord) : isRecord(value))
      ? null
      : 'must be a module, `import * as definitions from "./definitions.ts"`, or a list of modules',
  clock: (value) =>
    value === "system" || isRecord(value) ? clockFault(value) : 'must be "system" or { simulated: "<time>" }',
  online: (value) =>
    value === "lmdb" ? null : isRecord(value) ? onlineFault(value) : 'must be "lmdb" or { redis: { url } }',
  server: (value) => (isRecord(value) ? serverFault(value) : "must be { host, port, oidc, rate, timeout }"),
  memory: sizeFault,
  queue: sizeFault,
  audit: (value) =>
    value === false ? null : isRecord(value) ? auditFault(value) : "must be false or { sample, every }",
  schedule: (value) => (isRecord(value) ? scheduleFault(value) : "must be jobs by their names"),
  notify: (value) => (isRecord(value) ? notifyFault(value) : "must be { webhooks, staleness, drift }"),
  tracing: (value) =>
    isRecord(value) ? tracingFault(value) : "must be { endpoint, headers, service, sample, delay }, each optional",
  log: (value) => (LEVELS.some((level) => level === value) ? null : `must be one of ${LEVELS.join(", ")}`),
  served: (value) => (isRecord(value) ? servedFault(value) : 'must be { retention: "90d" }'),
  threads: (value) => (Number.isSafeInteger(value) && Number(value) > 0 ? null : "must be a whole number from 1"),
};

/** Checks a configuration and returns it: `export default configure({ definitions })`. @throws ASOF_CONFIG */
export function configure(configuration: Configuration): Configuration {
  if (!isRecord(configuration))
    throw new AsofError("ASOF_CONFIG", "the configuration must be an object: configure({ definitions })");
  if (configuration.definitions === undefined) throw invalid("definitions", "is missing");
  for (const [name, value] of Object.entries(configuration)) {
    if (!Object.hasOwn(settings, name))
      throw invalid(name, `is not a setting; there are ${Object.keys(settings).join(", ")}`);
    const fault = value === undefined ? null : settings[name as keyof Configuration](value);
    if (fault !== null) throw invalid(name, fault);
  }
  return configuration;
}

/**
 * Imports the configuration: from the file named; else from the first `asof.config.ts` (`.mts`, `.js`, `.mjs`) in
 * the folder named, or the working directory, and its parents.
 * @throws ASOF_CONFIG with file and line where known; what a definition throws keeps its own code
 */
export async function loadConfiguration(from: string = process.cwd()): Promise<LoadedConfiguration> {
  const file = findConfiguration(path.resolve(from));
  const folder = path.dirname(file);
  let exported: { readonly default?: unknown };
  try {
    exported = (await import(pathToFileURL(file).href)) as typeof exported;
  } catch (error) {
    throw explainImportFailure(error, file);
  }
  if (exported.default === undefined)
    throw new AsofError(
      "ASOF_CONFIG",
      `${file} has no default export: write \`export default configure({ definitions })\``,
      { file },
    );
  try {
    const configuration = configure(exported.default as Configuration);
    return {
      configuration: { ...configuration, home: path.resolve(folder, configuration.home ?? DEFAULT_HOME) },
      file,
      folder,
    };
  } catch (error) {
    throw explainImportFailure(error, file);
  }
}

function findConfiguration(from: string): string {
  if (!existsSync(from)) throw new AsofError("ASOF_CONFIG", `there is no ${from}`, { file: from });
  if (!statSync(from).isDirectory()) return from;
  for (let folder = from; ; folder = path.dirname(folder)) {
    const found = fileNames.map((name) => path.join(folder, name)).find((file) => existsSync(file));
    if (found !== undefined) return found;
    if (path.dirname(folder) === folder) break;
  }
  throw new AsofError(
    "ASOF_CONFIG",
    `there is no ${fileNames[0]} in ${from} or above it: make a project with \`asof init\`, or name the file with --config`,
    { folder: from },
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmgt])(i?))?b$/i;

function sizeFault(value: unknown): string | null {
  return typeof value === "string" && SIZE.test(value) ? null : 'must be a size such as "512MB" or "2GB"';
}

/** The bytes of a size that the configuration has passed: "1 kB" is 1000 of them, "1 KiB" 1024. */
export function bytesOf(size: string): number {
  const [, digits, unit = "", binary = ""] = SIZE.exec(size)!;
  return Number(digits) * (binary === "" ? 1000 : 1024) ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
}

function clockFault(clock: "system" | Readonly<Record<string, unknown>>): string | null {
  if (clock === "system") return null;
  try {
    parseTimestamp(clock["simulated"] as TimestampInput);
    return null;
  } catch {
    return 'must be "system" or { simulated: "<time>" } with a time in ISO 8601';
  }
}

function serverFault({ host, port, oidc, rate, timeout, ...others }: Readonly<Record<string, unknown>>): string | null {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there are host, port, oidc, rate and timeout`;
  if (oidc !== undefined) {
    const fault = isRecord(oidc) ? oidcFault(oidc) : "must be { issuer, audience }";
    if (fault !== null) return `is not right: its oidc ${fault}`;
  }
  if (rate !== undefined && !(typeof rate === "number" && Number.isFinite(rate) && rate > 0))
    return "must have a positive number of requests a second as its rate";
  if (timeout !== undefined && !isDuration(timeout)) return 'must have a duration such as "10s" as its timeout';
  if (host !== undefined && (typeof host !== "string" || host === ""))
    return "must have a host name or address as its host";
  const inRange = Number.isSafeInteger(port) && Number(port) >= 0 && Number(port) <= 65_535;
  return port === undefined || inRange ? null : "must have a port from 0 to 65535";
}

function onlineFault({ redis, ...others }: Readonly<Record<string, unknown>>): string | null {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there is redis`;
  return isRecord(redis) ? redisFault(redis) : "must have { url } or { nodes } as its redis";
}

function auditFault({ sample, every, ...others }: Readonly<Record<string, unknown>>): string | null {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there are sample and every`;
  if (sample !== undefined && !(typeof sample === "number" && sample >= 0 && sample <= 1))
    return "must have a share from 0 to 1 as its sample";
  return every === undefined || isDuration(every) ? null : 'must have a duration such as "30s" as its every';
}

function notifyFault({
  webhooks = [],
  staleness = "1m",
  drift = 0,
  ...others
}: Readonly<Record<string, unknown>>): string | null {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there are webhooks, staleness and drift`;
  const urls = Array.isArray(webhooks)
    ? webhooks.map((one: unknown) => (isRecord(one) ? one["url"] : one))
    : [undefined];
  if (!urls.every((url) => typeof url === "string" && /^https?:\/\//.test(url) && URL.canParse(url)))
    return 'must have a list of addresses such as "https://example.com/hook" as its webhooks';
  if (!isDuration(staleness)) return 'must have a duration such as "1m" as its staleness';
  return typeof drift === "number" && drift >= 0 ? null : "must have a number from 0 as its drift";
}

function tracingFault({
  endpoint,
  headers,
  service,
  sample,
  delay,
  ...others
}: Readonly<Record<string, unknown>>): string | null {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there are endpoint, headers, service, sample and delay`;
  if (endpoint !== undefined && !(typeof endpoint === "string" && URL.canParse(endpoint)))
    return 'must have an address such as "http://localhost:4318/v1/traces" as its endpoint';
  if (headers !== undefined && !isRecord(headers)) return "must have names and values as its headers";
  if (service !== undefined && (typeof service !== "string" || service === ""))
    return "must have a name as its service";
  if (sample !== undefined && !(typeof sample === "number" && sample >= 0 && sample <= 1))
    return "must have a share from 0 to 1 as its sample";
  return delay === undefined || (Number.isSafeInteger(delay) && Number(delay) > 0)
    ? null
    : "must have milliseconds as its delay";
}

function isDuration(value: unknown): boolean {
  return typeof value === "string" && /^[1-9]\d{0,8}(ms|s|m|h|d)$/.test(value);
}

function servedFault({ retention, ...others }: Readonly<Record<string, unknown>>): string | null {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has no ${unknown}: there is retention`;
  return typeof retention === "string" && /^[1-9]\d{0,5}[dw]$/.test(retention)
    ? null
    : 'must have days or weeks such as "90d" as its retention';
}

function invalid(setting: string, fault: string): AsofError {
  return new AsofError("ASOF_CONFIG", `the configuration's \`${setting}\` ${fault}`, { setting });
}
