import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { closedLoop, Connection, openLoop, requestBytes } from "./http-client.ts";
import { alternate, type BenchCase, type BenchOptions, compare, type Contender, median } from "./measure.ts";
import { PAYERS, withPeople } from "./people.ts";
import type { ServerRequest } from "./serve-child.ts";

// Features over HTTP against a bare Fastify route that answers with the same bytes: requests a second of one core, by the
// processor time of the server's process under as many requests as it can take. Then latency from when a request
// was due, at half and at four fifths of that load. At last one process that answers against two, by the clock: what
// asks is on the same processors, so it asks for much in few requests.
//
//   npm run bench -- serve [rows|workers]

const CONNECTIONS = 16;
/** Short rounds and many: the machine's speed changes from second to second. */
const ROUNDS = 25;
/** What answers small requests takes some tens of thousands to be compiled. */
const WARMUPS = 8;
const SMALL = 6_000;
/** Of what is compared by the clock. */
const CLOCKED = 600;

interface Server {
  readonly port: number;
  /** Of each process that answers. */
  cpuSeconds(): Promise<number[]>;
  stop(): Promise<void>;
}

/** With the milliseconds that half of all answers may take, where that was said. */
const shapes: readonly {
  readonly service: string;
  readonly name: string;
  readonly keys: number;
  readonly requests: number;
  readonly allowed?: number;
}[] = [
  { service: "details_features", name: "1 key x 50 features", keys: 1, requests: SMALL },
  { service: "details_features", name: "100 keys x 50 features", keys: 100, requests: 200, allowed: 4 },
  { service: "mixed_features", name: "1 key x 30 features of two rows and 20 windows", keys: 1, requests: SMALL },
  { service: "mixed_features", name: "100 keys x 30 features of two rows and 20 windows", keys: 100, requests: 60 },
];

export async function run({ args, log }: BenchOptions): Promise<BenchCase[]> {
  const is = (part: string): boolean => args.length === 0 || args.includes(part);
  return withPeople(async (home) => [
    ...(is("rows") ? await rows(home, log) : []),
    ...(is("workers") ? await workers(home, log) : []),
  ]);
}

type Log = BenchOptions["log"];

async function rows(home: string, log: Log): Promise<BenchCase[]> {
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
    for (const { service, name, keys, requests, allowed } of shapes) {
      const path = `/v1/features/${service}`;
      const bodies = Array.from({ length: 200 }, (_, i) => bodyOf(i, keys));
      const load = (server: Server, path: string): Buffer[] =>
        bodies.map((body) => requestBytes(server.port, path, body));
      // The second time of rows that are kept from the first.
      const equal = (await sameAsHistory(ours, service, keys)) && (await sameAsHistory(ours, service, keys));
      const clocked: number[] = [];
      const [us, them] = await alternate(
        [
          saturating("asof", ours, load(ours, path), requests, clocked),
          saturating("bare", bare, load(bare, `/${keys}${path}`), requests, []),
        ],
        { rounds: ROUNDS, warmups: WARMUPS },
      );
      // What it can beside what asks, which is on the same processors and takes its share of them.
      const rate = median(clocked.slice(-ROUNDS));
      cases.push(
        compare(name, us, them, {
          equal,
          rate: { work: requests, unit: "requests/s" },
        }),
      );
      for (const share of [0.5, 0.8]) {
        const found = await openLoop(ours.port, load(ours, path), {
          rate: rate * share,
          seconds: 3,
          connections: 64,
        });
        const at = (q: number): string => found[Math.min(found.length - 1, Math.floor(found.length * q))].toFixed(2);
        log(
          `${name}: ${Math.round(rate * share)} requests/s (${share * 100} % of what it can beside what asks): p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, ${found.length} of ${found.length} answered`,
        );
        if (share === 0.5 && allowed !== undefined)
          cases.push({
            case: `${name}: latency at half of what it can, p50, against what is allowed`,
            ours: Number(at(0.5)),
            reference: allowed,
            ratio: allowed / Number(at(0.5)),
            unit: "ms",
            equal: found.length === Math.ceil(rate * share * 3),
          });
      }
    }
    return cases;
  } finally {
    await ours.stop();
    await bare.stop();
  }
}

/**
 * Two processes that answer against one: requests a second by the clock; and what they would be if each process had a
 * processor of its own, by the time that a request takes of it.
 */
async function workers(home: string, log: Log): Promise<BenchCase[]> {
  const service = "mixed_features";
  const keys = 100;
  const bodies = Array.from({ length: 200 }, (_, i) => bodyOf(i, keys));
  const rates: Record<1 | 2, number[]> = { 1: [], 2: [] };
  const able: Record<1 | 2, number[]> = { 1: [], 2: [] };
  let equal = true;
  for (const count of [1, 2, 2, 1] as const) {
    // They cannot run side by side: one process writes.
    const server = await startServer({ kind: "workers", home, workers: count });
    try {
      const requests = bodies.map((body) => requestBytes(server.port, `/v1/features/${service}`, body));
      equal &&= await sameAsHistory(server, service, keys);
      await closedLoop(server.port, requests, { count: CLOCKED, connections: CONNECTIONS });
      for (let round = 0; round < 3; round++) {
        const before = await server.cpuSeconds();
        const own = process.cpuUsage();
        const began = performance.now();
        await closedLoop(server.port, requests, { count: CLOCKED, connections: CONNECTIONS });
        const seconds = (performance.now() - began) / 1000;
        const { user, system } = process.cpuUsage(own);
        const spent = (await server.cpuSeconds()).map((after, i) => after - before[i]);
        const all = spent.reduce((sum, cpu) => sum + cpu, 0);
        rates[count].push(CLOCKED / seconds);
        able[count].push((count * CLOCKED) / all);
        const each = (cpu: number): string => ((cpu / CLOCKED) * 1e6).toFixed(0);
        log(
          `${count} of them: ${(CLOCKED / seconds).toFixed(0)} requests/s in ${seconds.toFixed(2)} s; processors each had ${spent.map((cpu) => cpu.toFixed(2)).join(" and ")} s, ${each(all)} µs a request; what asks ${each((user + system) / 1e6)} µs`,
        );
      }
    } finally {
      await server.stop();
    }
  }
  return [["by the clock", rates] as const, ["by the processors' time", able] as const].map(
    ([how, { 1: one, 2: two }]) => ({
      case: `two processes that answer against one, ${how}: ${keys} keys x 30 features of two rows and 20 windows`,
      ours: median(two),
      reference: median(one),
      ratio: median(two) / median(one),
      unit: "requests/s",
      equal,
    }),
  );
}

function bodyOf(from: number, keys: number): string {
  return JSON.stringify({
    entities: Array.from({ length: keys }, (_, i) => ({ person: ((from * keys + i) * 7919) % PAYERS })),
  });
}

function saturating(
  name: string,
  server: Server,
  requests: readonly Buffer[],
  count: number,
  /** Gets requests a second by the clock. */
  clocked: number[],
): Contender<unknown> {
  return {
    name,
    async measure() {
      const [before] = await server.cpuSeconds();
      const began = performance.now();
      await closedLoop(server.port, requests, { count, connections: CONNECTIONS, awake: true });
      clocked.push((count / (performance.now() - began)) * 1000);
      const [after] = await server.cpuSeconds();
      return { milliseconds: (after - before) * 1000, result: null };
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
      const [seconds] = (await once(child, "message")) as [number[]];
      return seconds;
    },
    async stop() {
      const ended = once(child, "exit");
      if (request.kind === "workers") child.send("stop");
      else child.kill();
      await ended;
    },
  };
}
