import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { debianBinary } from "./debian-package.ts";

const run = promisify(execFile);

const found = await debianBinary("redis-server", "redis-server");

/** Why there is no Redis here; null where there is one. */
export const redisMissing: string | null = "missing" in found ? found.missing : null;
if (redisMissing !== null) process.stderr.write(`suites with a Redis are skipped: ${redisMissing}\n`);

/** A real server of its own folder, on a spare port of 127.0.0.1. It keeps what it acknowledged when it is killed. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #words: readonly string[];
  #process: ChildProcess | null = null;

  private constructor(port: number, folder: string, words: readonly string[]) {
    this.port = port;
    this.folder = folder;
    this.#words = words;
  }

  /** @param words further settings, as on the command line: `--requirepass x` */
  static async start(words: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await sparePort(), await mkdtemp(join(tmpdir(), "asof-redis-")), words);
    await server.start();
    return server;
  }

  /** One that speaks TLS only. @param files of the server's key and certificate, as PEM */
  static async startTls(
    files: { readonly key: string; readonly certificate: string },
    words: readonly string[] = [],
  ): Promise<RedisServer> {
    const port = await sparePort();
    const tls = ["--tls-port", String(port), "--tls-key-file", files.key, "--tls-cert-file", files.certificate];
    const alone = ["--port", "0", "--tls-auth-clients", "no"];
    const folder = await mkdtemp(join(tmpdir(), "asof-redis-"));
    const server = new RedisServer(port, folder, [...alone, ...tls, ...words]);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get node(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  async start(): Promise<void> {
    const settings = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder, "--save", ""];
    const kept = ["--appendonly", "yes", "--appendfsync", "everysec", "--daemonize", "no", "--loglevel", "warning"];
    // A replica need not wait five seconds for others that may want the same data.
    const atOnce = ["--repl-diskless-sync-delay", "0"];
    if ("missing" in found) throw new Error(found.missing);
    const child = spawn(found.path, [...settings, ...kept, ...atOnce, ...this.#words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#process = child;
    child.stdout.resume();
    for (let i = 0; i < 200; i++) {
      if (child.exitCode !== null) throw new Error(`redis-server on port ${this.port} ended with ${child.exitCode}`);
      if (await this.#answers()) return;
      await sleep(25);
    }
    throw new Error(`redis-server on port ${this.port} does not answer`);
  }

  async #answers(): Promise<boolean> {
    // Whatever it asks for first, a password or TLS: it listens.
    try {
      const socket = connect(this.port, "127.0.0.1");
      await once(socket, "connect");
      socket.destroy();
      return true;
    } catch {
      return false;
    }
  }

  /** A plain client, to be closed by the caller. */
  client(): Redis {
    const client = new Redis({ port: this.port, host: "127.0.0.1", protocol: 2, retryStrategy: () => 50 });
    client.on("error", () => {});
    return client;
  }

  /** Runs one command. */
  async ask(...words: [string, ...string[]]): Promise<unknown> {
    const client = this.client();
    try {
      return await client.call(...words);
    } finally {
      client.disconnect();
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Removes the data that it has stored, as a disk that is gone would; while it does not run. */
  async forgetData(): Promise<void> {
    await rm(join(this.folder, "appendonlydir"), { recursive: true, force: true });
    await rm(join(this.folder, "dump.rdb"), { force: true });
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A cluster of three nodes that take writes, each with so many replicas. */
export async function startCluster(replicas = 0): Promise<RedisServer[]> {
  const words = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1000"];
  const servers = await Promise.all(Array.from({ length: 3 * (replicas + 1) }, () => RedisServer.start(words)));
  const created = ["--cluster", "create", ...servers.map(({ node }) => node)];
  await run("redis-cli", [...created, "--cluster-replicas", String(replicas), "--cluster-yes"]);
  await formed(servers);
  // A replica that has never had its master's data does not take over.
  for (const server of servers)
    while (String(await server.ask("INFO", "replication")).includes("master_link_status:down")) await sleep(20);
  return servers;
}

/** Waits until every node of a cluster takes queries. */
export async function formed(servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers)
    while (!String(await server.ask("CLUSTER", "INFO")).includes("cluster_state:ok")) await sleep(20);
}

/** A port that was free a moment ago, and whose cluster bus port exists. */
async function sparePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { readonly port: number };
    server.close();
    await once(server, "close");
    if (port < 55_000) return port;
  }
}
