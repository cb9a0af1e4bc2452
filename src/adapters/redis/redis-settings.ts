import { parseDuration, type DurationText } from "../../core/time/duration.ts";

/** How to trust a server, and be trusted. */
export interface RedisTls {
  /** Certificates of the authorities to trust, as PEM, where they are not the system's. */
  readonly ca?: string;
  /** This client's certificate and key, as PEM, where the server asks for them. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must carry, where it is not the host's. */
  readonly servername?: string;
}

/** Where a Redis or a Valkey is, and how to speak to it: one server by `url`, or a cluster by some of its `nodes`. */
export interface RedisSettings {
  /** `redis://host:port/database`, or `rediss://` over TLS. A name and a password in it count. */
  readonly url?: string;
  /** Some nodes of a cluster, each as "host:port": the others are found. */
  readonly nodes?: readonly string[];
  readonly username?: string;
  readonly password?: string;
  readonly tls?: boolean | RedisTls;
  /** What the keys begin with, where several stores share a server. Default "asof:". */
  readonly prefix?: string;
  /** How long a read may take before it fails with ASOF_ONLINE_UNAVAILABLE. Default "250ms". */
  readonly timeout?: DurationText;
  /** Connections (to each node) that reads share; writes have one of their own. Default 1. */
  readonly connections?: number;
}

const NAMES = ["url", "nodes", "username", "password", "tls", "prefix", "timeout", "connections"];
const TLS_NAMES = ["ca", "cert", "key", "servername"];

/** What is wrong with settings, or null. Never with a secret in it. */
export function redisFault(settings: Readonly<Record<string, unknown>>): string | null {
  const unknown = Object.keys(settings).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) return `has no redis.${unknown}: there are ${NAMES.join(", ")}`;
  const { url, nodes, username, password, tls, prefix, timeout, connections } = settings;
  if ((url === undefined) === (nodes === undefined)) return "needs either redis.url or redis.nodes";
  if (url !== undefined && !isUrl(url))
    return "must have a redis.url such as redis://host:6379 or rediss://host:6379/0";
  if (nodes !== undefined && !(Array.isArray(nodes) && nodes.length > 0 && nodes.every(isNode)))
    return 'must have a list of "host:port" as its redis.nodes';
  for (const [name, value] of Object.entries({ username, password }))
    if (value !== undefined && (typeof value !== "string" || value === ""))
      return `must have a text as its redis.${name}: where it comes from the environment, the variable is not set`;
  if (tls !== undefined && typeof tls !== "boolean" && !isTls(tls))
    return `must have true or { ${TLS_NAMES.join(", ")} } as its redis.tls`;
  if (prefix !== undefined && !(typeof prefix === "string" && /^[\w:./-]{1,100}$/.test(prefix)))
    return "must have 1 to 100 letters, digits and any of _ : . / - as its redis.prefix";
  if (timeout !== undefined && !(typeof timeout === "string" && /^[1-9]\d{0,5}(ms|s)$/.test(timeout)))
    return 'must have a duration such as "250ms" as its redis.timeout';
  if (
    connections !== undefined &&
    !(Number.isInteger(connections) && Number(connections) >= 1 && Number(connections) <= 64)
  )
    return "must have a whole number from 1 to 64 as its redis.connections";
  return null;
}

export const prefixOf = ({ prefix = "asof:" }: RedisSettings): string => prefix;

/** In milliseconds. */
export const timeoutOf = ({ timeout = "250ms" }: RedisSettings): number => parseDuration(timeout) / 1000;

/** Where the server is, to be named in errors: without name and password. */
export function addressOf({ url, nodes }: RedisSettings): string {
  return url === undefined ? nodes!.join(", ") : new URL(url).host;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The host and the port of a node; of an IPv6 address without its brackets. */
export function hostAndPort(node: string): HostAndPort {
  const at = node.lastIndexOf(":");
  return { host: node.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: Number(node.slice(at + 1)) };
}

function isNode(node: unknown): boolean {
  return (
    typeof node === "string" && /^(\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(node) && hostAndPort(node).port <= 65_535
  );
}

function isUrl(url: unknown): boolean {
  if (typeof url !== "string" || !URL.canParse(url)) return false;
  const { protocol, hostname, pathname } = new URL(url);
  return /^rediss?:$/.test(protocol) && hostname !== "" && /^(\/\d{0,4})?$/.test(pathname);
}

function isTls(tls: unknown): boolean {
  return (
    typeof tls === "object" &&
    tls !== null &&
    Object.entries(tls).every(
      ([name, value]) => TLS_NAMES.includes(name) && (value === undefined || typeof value === "string"),
    )
  );
}
