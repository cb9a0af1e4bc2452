import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { closedLoop, Connection, openLoop, requestBytes } from "./http-client.ts";
import { alternate, type BenchCase, type BenchOptions, compare, type Contender } from "./measure.ts";
import { PAYERS, withPeople } from "./people.ts";
import type { ServerRequest } from "./serve-child.ts";

// Features over HTTP against a bare Fastify route that answers with the same bytes: requests a second of one core, by the
// processor time of the server's process under as many requests as it can take. Then latency from when a request
// was due, at half and at four fifths of that load.

const CONNECTIONS = 16;
const ROUNDS = 5;

interface Server {
  readonly port: number;
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

const shapes = [
  { service: "details_features", name: "1 key x 50 features", keys: 1, requests: 4_000 },
  { service: "details_features", name: "100 keys x 50 features", keys: 100, requests: 300 },
  { service: "mixed_features", name: "1 key x 30 features of two rows and 20 windows", keys: 1, requests: 4_000 },
  { service: "mixed_features", name: "100 keys x 30 features of two rows and 20 windows", keys: 100, requests: 300 },
];

export async function run({ log }: BenchOptions): Promise<BenchCase[]> {
  return withPeople(async (home) => {
    const ours = await startServer({ kind: "asof", home });
    const answers: Record<string, string> = {};
    const connection = await Connection.open(ours.port);
    for (const { service, keys } of shapes) {
      const path = `/v1/features/${service}`;
      const { body } = await connection.send(requestBytes(ours.port, path, bodyOf(0, keys)));
      answers[`/${keys}${path}`] = body.toString();
    }
    connection.close();
    const bare = await startServer({ kind: "bare", answers });
    try {
      const cases: BenchCase[] = [];
      for (const { service, name, keys, requests } of shapes) {
        const path = `/v1/features/${service}`;
        const bodies = Array.from({ length: 200 }, (_, i) => bodyOf(i, keys));
        const load = (server: Server, path: string): Buffer[] =>
          bodies.map((body) => requestBytes(server.port, path, body));
        const [us, them] = await alternate(
          [
            saturating("asof", ours, load(ours, path), requests),
            saturating("bare", bare, load(bare, `/${keys}${path}`), requests),
          ],
          { rounds: ROUNDS, warmups: 2 },
        );
        const rate = (requests / us.milliseconds) * 1000;
        cases.push(
          compare(name, us, them, {
            equal: await sameAsHistory(ours, service, keys),
            rate: { work: requests, unit: "requests/s" },
          }),
        );
        for (const share of [0.5, 0.8]) {
          const found = await openLoop(ours.port, load(ours, path), {
            rate: rate * share,
            seconds: 4,
            connections: 64,
          });
          const at = (q: number): string => found[Math.min(found.length - 1, Math.floor(found.length * q))].toFixed(2);
          log(
            `${name}: ${Math.round(rate * share)} requests/s (${share * 100} %): p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, ${found.length} of ${found.length} answered`,
          );
        }
      }
      return cases;
    } finally {
      await ours.stop();
      await bare.stop();
    }
  });
}

function bodyOf(from: number, keys: number): string {
  return JSON.stringify({
    entities: Array.from({ length: keys }, (_, i) => ({ person: ((from * keys + i) * 7919) % PAYERS })),
  });
}

function saturating(name: string, server: Server, requests: readonly Buffer[], count: number): Contender<unknown> {
  return {
    name,
    async measure() {
      const before = await server.cpuSeconds();
      await closedLoop(server.port, requests, count, CONNECTIONS);
      return { milliseconds: ((await server.cpuSeconds()) - before) * 1000, result: null };
    },
  };
}

/** Whether an answer is what history gives for its moment. */
async function sameAsHistory(server: Server, service: string, keys: number): Promise<boolean> {
  const connection = await Connection.open(server.port);
  try {
    const ask = async (extra: object) =>
      JSON.parse(
        (
          await connection.send(
            requestBytes(
              server.port,
              `/v1/features/${service}`,
              JSON.stringify({ ...JSON.parse(bodyOf(3, keys)), ...extra }),
            ),
          )
        ).body.toString(),
      ) as { results: { values: object; t: string }[] };
    const live = await ask({});
    const past = await ask({ at: live.results[0].t });
    return live.results.every(({ values }, i) => JSON.stringify(values) === JSON.stringify(past.results[i].values));
  } finally {
    connection.close();
  }
}

async function startServer(request: ServerRequest): Promise<Server> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./serve-child.ts", import.meta.url)), [], {
    stdio: ["ignore", 2, 2, "ipc"],
    serialization: "advanced",
  });
  child.send(request);
  const [port] = (await once(child, "message")) as [number];
  return {
    port,
    async cpuSeconds() {
      child.send("cpu");
      const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
      return (user + system) / 1e6;
    },
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}
