import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { debianBinary } from "./debian-package.ts";

const run = promisify(execFile);

/** Debian 12 has this version; its `postgresql` has no programs of its own. */
const PACKAGE = "postgresql-15";
export const USER = "shop";
export const PASSWORD = "p@ss:w/rd?#";

/** A PostgreSQL server of its own on the loopback, with nothing in it. */
export interface PostgresServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a server of Debian's package, or tells why there can be none. */
export async function startPostgres(): Promise<PostgresServer | { readonly missing: string }> {
  const initdb = await debianBinary(PACKAGE, "initdb");
  if ("missing" in initdb) return initdb;
  const program = path.join(path.dirname(initdb.path), "postgres");
  const owner = await postgresUser();
  if (owner !== null && "missing" in owner) return owner;
  const folder = await mkdtemp(path.join(tmpdir(), "asof-postgres-"));
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  const as = owner === null ? {} : { uid: owner.uid, gid: owner.gid };
  const data = path.join(folder, "data");
  const passwords = path.join(folder, "password");
  const port = await sparePort();
  await writeFile(passwords, PASSWORD, { mode: 0o644 });
  const init = [
    "-D",
    data,
    "-U",
    USER,
    `--pwfile=${passwords}`,
    "--auth=scram-sha-256",
    "--no-sync",
    "--encoding=UTF8",
    "--locale=C",
  ];
  await run(initdb.path, init, as);
  const server = spawn(program, ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", "", "-F"], {
    ...as,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await ready(server);
  return {
    port,
    url: `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      if (server.exitCode === null) {
        // SIGQUIT: at once, and without waiting for sessions.
        server.kill("SIGQUIT");
        await Promise.race([ended, sleep(10_000)]);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The server refuses to run as root: the package's own user runs it then. */
async function postgresUser(): Promise<{ uid: number; gid: number } | { missing: string } | null> {
  if (process.getuid?.() !== 0) return null;
  const number = async (flag: string): Promise<number> => Number((await run("id", [flag, "postgres"])).stdout.trim());
  return Promise.all([number("-u"), number("-g")]).then(
    ([uid, gid]) => ({ uid, gid }),
    () => ({ missing: "there is no user postgres to run the server as" }),
  );
}

async function ready(server: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
  });
}

function sparePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
