import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { BuiltCommand, CommandBytes } from "./command-bytes.ts";
import type { KeySpace } from "./key-space.ts";
import { type NodeInfo, parseInfo } from "./node-info.ts";
import { ReadCommand } from "./read-command.ts";
import { codedError, unavailable } from "./redis-error.ts";
import { addressOf, hostAndPort, type RedisSettings } from "./redis-settings.ts";

const RECONNECT_MS = [50, 100, 200, 400];
/** How often it is looked whether the servers are still the same ones, in milliseconds. */
const HEARTBEAT_MS = 1_000;
/** How often it is looked whether there is a connection yet, in milliseconds. */
const LOOK_MS = 5;
/** How long INFO may take, in milliseconds. */
const INFO_MS = 1_000;

/** A server, or a node of a cluster, and what is known of it while the connection to it lasts. */
interface Node {
  readonly redis: Redis;
  info: Promise<NodeInfo> | null;
  replication: string | null;
}

/** A connection to a server, or one to each node of a cluster. Commands fail at once while there is none. */
export class RedisClient {
  readonly address: string;
  readonly #driver: Redis | Cluster;
  readonly #space: KeySpace;
  readonly #nodes = new Map<string, Node>();
  /** By partition. */
  readonly #reads: readonly ReadCommand[];
  readonly #heartbeat: ReturnType<typeof setInterval>;
  /** Why there is no connection, as far as is known. */
  #fault: unknown = null;

  constructor(settings: RedisSettings, space: KeySpace) {
    this.address = addressOf(settings);
    this.#space = space;
    this.#reads = space.heads.map((head) => new ReadCommand(head));
    this.#driver = settings.url === undefined ? cluster(settings) : single(settings);
    this.#driver.on("error", (error: unknown) => (this.#fault = error));
    if (this.#driver instanceof Cluster) {
      this.#driver.on("node error", (error: unknown) => (this.#fault = error));
      this.#driver.on("+node", (redis: Redis) => this.#watch(redis));
      for (const redis of this.#driver.nodes()) this.#watch(redis);
    } else this.#watch(this.#driver);
    this.#heartbeat = setInterval(() => this.#look(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  get isReady(): boolean {
    return this.#driver.status === "ready";
  }

  /** Waits until there is a connection. @throws ASOF_ONLINE_UNAVAILABLE, ASOF_CONFIG */
  async ready(patience: number): Promise<void> {
    const end = performance.now() + patience;
    while (!this.isReady) {
      const left = end - performance.now();
      const refused = codedError(this.#fault ?? "it is not connected", "reach", this.address);
      if (left <= 0 || refused.code === "ASOF_CONFIG") throw refused;
      await sleep(Math.min(left, LOOK_MS));
    }
  }

  /** The marker of a partition and the values of keys in it, at one moment. */
  async values(partition: number, keys: readonly Uint8Array[], patience: number): Promise<(Buffer | null)[]> {
    const reads = this.#reads[partition];
    const command = reads.build(keys);
    this.#gather(partition);
    const values = (await this.#send("mget", partition, command, patience)) as (Buffer | null)[];
    // What is answered is written. What failed may be on its way still.
    reads.release(command);
    return values;
  }

  /** Has what is asked for within one turn of the event loop written at once. */
  #gather(partition: number): void {
    const stream = this.#nodeOf(partition)?.redis.stream;
    if (stream === undefined || stream === null || stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  /** Runs a script on keys of one partition, given as Redis has them. */
  async script(
    partition: number,
    script: string,
    keys: readonly Uint8Array[],
    args: readonly Uint8Array[],
    patience: number,
  ): Promise<number> {
    const command = new CommandBytes(keys.length + args.length + 3, 1_024 + sizeOf(keys) + sizeOf(args));
    command.text("EVAL").text(script).text(String(keys.length));
    for (const key of keys) command.bytes(key);
    for (const arg of args) command.bytes(arg);
    return (await this.#send("eval", partition, command.finish(), patience)) as number;
  }

  async get(partition: number, key: Uint8Array, patience: number): Promise<Buffer | null> {
    const command = new CommandBytes(2, 64 + key.length).text("GET").bytes(key);
    return (await this.#send("get", partition, command.finish(), patience)) as Buffer | null;
  }

  async #send(name: string, partition: number, command: Buffer, patience: number): Promise<unknown> {
    const built = new BuiltCommand(name, command, this.#space.slots[partition]);
    built.setTimeout(patience);
    try {
      return await this.#driver.sendCommand(built);
    } catch (cause) {
      throw codedError(cause, name === "eval" ? "write to" : "read", this.address);
    }
  }

  /** The replication id of the node that has a partition, where it is known: see `replication`. */
  knownReplication(partition: number): string | null {
    return this.#nodeOf(partition)?.replication ?? null;
  }

  /** The replication id of the node that has a partition. @throws ASOF_ONLINE_UNAVAILABLE, ASOF_CONFIG */
  async replication(partition: number): Promise<string> {
    const node = this.#nodeOf(partition);
    if (node === undefined)
      throw unavailable(
        `no node of the cluster at ${this.address} is known to have slot ${this.#space.slots[partition]}`,
      );
    return (await this.#infoOf(node)).replication;
  }

  /** The servers that take writes. */
  masters(): Redis[] {
    return this.#driver instanceof Cluster ? this.#driver.nodes("master") : [this.#driver];
  }

  /** What each of the servers that take writes says of itself now. */
  infos(): Promise<NodeInfo[]> {
    return Promise.all(
      this.masters().map((redis) => {
        const node = this.#watch(redis);
        node.info = null;
        return this.#infoOf(node);
      }),
    );
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#driver.disconnect();
  }

  #nodeOf(partition: number): Node | undefined {
    if (!(this.#driver instanceof Cluster)) return this.#nodes.get(keyOf(this.#driver));
    const slots = this.#driver.slots as readonly (readonly string[] | undefined)[];
    const node = slots[this.#space.slots[partition]]?.[0];
    return node === undefined ? undefined : this.#nodes.get(node);
  }

  #watch(redis: Redis): Node {
    const key = keyOf(redis);
    const known = this.#nodes.get(key);
    if (known?.redis === redis) return known;
    const node: Node = { redis, info: null, replication: null };
    this.#nodes.set(key, node);
    // Whatever was known of a server counts for one connection.
    redis.on("close", () => {
      node.info = null;
      node.replication = null;
    });
    redis.on("end", () => {
      if (this.#nodes.get(key) === node && this.#driver instanceof Cluster) this.#nodes.delete(key);
    });
    return node;
  }

  async #infoOf(node: Node): Promise<NodeInfo> {
    const asked = (node.info ??= this.#ask(node));
    try {
      const info = await asked;
      if (node.info === asked) node.replication = info.replication;
      return info;
    } catch (error) {
      if (node.info === asked) {
        node.info = null;
        node.replication = null;
      }
      throw error;
    }
  }

  async #ask({ redis }: Node): Promise<NodeInfo> {
    const command = new BuiltCommand("info", new CommandBytes(1, 16).text("INFO").finish(), 0);
    command.setTimeout(INFO_MS);
    let answer: unknown;
    try {
      answer = await redis.sendCommand(command);
    } catch (cause) {
      throw codedError(cause, "ask", this.address);
    }
    return parseInfo(String(answer), keyOf(redis));
  }

  /** A server can become another one's replica without closing the connection. */
  #look(): void {
    for (const node of this.#nodes.values()) {
      if (node.replication === null || node.redis.status !== "ready") continue;
      node.info = null;
      this.#infoOf(node).catch(() => {});
    }
  }
}

function keyOf(redis: Redis): string {
  return `${redis.options.host}:${redis.options.port}`;
}

function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

function options({ username, password, tls }: RedisSettings): Omit<RedisOptions, "replyMapping" | "keyPrefix"> {
  return {
    protocol: 2,
    connectTimeout: 2_000,
    connectionName: "asof",
    // What cannot be sent now fails now: the store decides about trying again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined || tls === false ? {} : { tls: tls === true ? {} : { ...tls } }),
  };
}

function single(settings: RedisSettings): Redis {
  const url = new URL(settings.url!);
  const { hostname, port, pathname, protocol, username, password } = url;
  const given = options({
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === "rediss:" ? { tls: true } : {}),
    ...definedOf(settings),
  });
  return new Redis({
    ...given,
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? 6379 : Number(port),
    db: Number(pathname.slice(1)),
    enableOfflineQueue: false,
    retryStrategy: reconnectIn,
  });
}

function cluster(settings: RedisSettings): Cluster {
  return new Cluster(settings.nodes!.map(hostAndPort), {
    redisOptions: options(settings),
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectIn,
    // A node that restarts where it was is found again without waiting for an answer that names it.
    clusterNodeRetryStrategy: reconnectIn,
    slotsRefreshInterval: 1_000,
    maxRedirections: 3,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 20,
    retryDelayOnTryAgain: 20,
  });
}

function reconnectIn(times: number): number {
  return RECONNECT_MS[Math.min(times, RECONNECT_MS.length) - 1] ?? RECONNECT_MS[0];
}

/** The settings that are there, which take the place of the URL's. */
function definedOf({ username, password, tls }: RedisSettings): RedisSettings {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}
