import { openLmdb } from "../../src/adapters/lmdb/open-lmdb.ts";
import { META_KEY } from "../../src/core/codec/online-keys.ts";
import { decodeMeta } from "../../src/core/codec/online-meta.ts";
import { type Body, type Bodies, flightBodies, paymentBodies, someFlights } from "./bodies.ts";
import { Connection, headOf } from "./connection.ts";
import { obey, usage } from "./process.ts";

// What sends: a process of its own on the same processors, so its bodies are made before and it reads little of answers.

let made: Bodies;

export interface Sent {
  readonly records: number;
  readonly milliseconds: number;
  /** Seconds of processor that sending took. */
  readonly cpu: number;
  /** How often each body was sent. */
  readonly times: readonly number[];
}

async function prepare(input: {
  flights?: { file: string; count: number };
  users?: number;
  size: number;
}): Promise<void> {
  const { flights, users = 0, size } = input;
  made =
    flights === undefined
      ? paymentBodies(users, size)
      : flightBodies(await someFlights(flights.file, flights.count), size);
}

/** Sends so many records, each request on the heels of the answer to the one before, over so many connections. */
async function send(input: { port: number; records: number; connections: number }): Promise<Sent> {
  const { port, records, connections } = input;
  const { source, bodies } = made;
  const size = bodies[0].moments.length;
  const times = bodies.map(() => 0);
  const path = `/v1/events/${source}`;
  const requests = Math.ceil(records / size);
  let next = 0;
  const before = usage().cpu;
  const started = performance.now();
  const one = async (): Promise<void> => {
    const connection = await Connection.open(port);
    while (next < requests) {
      const b = next++ % bodies.length;
      const { bytes } = bodies[b];
      // A body is on its way once at a time, as there are more of them than connections.
      stampAll(bodies[b]);
      const answer = await connection.send(headOf(path, "application/x-ndjson", bytes.length), bytes);
      if (!answer.includes(`"accepted":${size},`)) throw new Error(`not all accepted: ${answer}`);
      times[b]++;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { records: requests * size, milliseconds: performance.now() - started, cpu: usage().cpu - before, times };
}

function stampAll({ bytes, moments }: Body): void {
  const now = Buffer.from(new Date().toISOString());
  for (const at of moments) bytes.set(now, at);
}

const TYPE = "application/json";

/** Sends single records for a while, one after the other on each connection. */
async function singles(input: {
  port: number;
  path: string;
  connections: number;
  milliseconds: number;
}): Promise<Sent> {
  const { port, path, connections, milliseconds } = input;
  const { bodies } = made;
  const times = bodies.map(() => 0);
  let next = 0;
  let records = 0;
  const before = usage().cpu;
  const started = performance.now();
  const one = async (): Promise<void> => {
    const connection = await Connection.open(port);
    while (performance.now() - started < milliseconds) {
      const b = next++ % bodies.length;
      stampAll(bodies[b]);
      await connection.send(headOf(path, TYPE, bodies[b].bytes.length), bodies[b].bytes);
      times[b]++;
      records++;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { records, milliseconds: performance.now() - started, cpu: usage().cpu - before, times };
}

/**
 * Sends single records at a rate, and looks from this process when they can be read online: milliseconds from the
 * answer on, ascending, by looks that should be about a millisecond apart; how far apart they were, ascending too.
 */
async function freshness(input: {
  port: number;
  path: string;
  home: string;
  connections: number;
  rate: number;
  milliseconds: number;
}): Promise<{ readonly delays: number[]; readonly looks: number[]; readonly sent: Sent }> {
  const { port, path, home, connections, rate, milliseconds } = input;
  const { bodies } = made;
  const online = await openLmdb(home, { readOnly: true });
  const times = bodies.map(() => 0);
  const free = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const waiting: { readonly position: number; readonly since: number }[] = [];
  const delays: number[] = [];
  const looks: number[] = [];
  let lookedAt = performance.now();
  const look = (): void => {
    let folded = 0;
    void online.read([META_KEY], (_, bytes) => (folded = bytes === undefined ? 0 : decodeMeta(bytes).position));
    const now = performance.now();
    looks.push(now - lookedAt);
    lookedAt = now;
    for (let i = waiting.length - 1; i >= 0; i--)
      if (waiting[i].position < folded) {
        delays.push(now - waiting[i].since);
        waiting[i] = waiting[waiting.length - 1];
        waiting.pop();
      }
  };
  let next = 0;
  let records = 0;
  const before = usage().cpu;
  const started = performance.now();
  const underWay = new Set<Promise<void>>();
  const sendOne = async (connection: Connection): Promise<void> => {
    const b = next++ % bodies.length;
    stampAll(bodies[b]);
    const answer = await connection.send(headOf(path, TYPE, bodies[b].bytes.length), bodies[b].bytes);
    const position = Number(/"position":(\d+)/.exec(answer)?.[1]);
    waiting.push({ position, since: performance.now() });
    times[b]++;
    records++;
    free.push(connection);
  };
  for (let due = 0; performance.now() - started < milliseconds || waiting.length > 0 || underWay.size > 0;) {
    const elapsed = Math.min(milliseconds, performance.now() - started);
    for (const until = (elapsed / 1000) * rate; due < until && free.length > 0; due++) {
      const one = sendOne(free.pop()!).finally(() => underWay.delete(one));
      underWay.add(one);
    }
    look();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const connection of free) connection.close();
  await online.close();
  const sent = { records, milliseconds: performance.now() - started, cpu: usage().cpu - before, times };
  const ascending = (times: readonly number[]): number[] => times.toSorted((a, b) => a - b);
  return { delays: ascending(delays), looks: ascending(looks), sent };
}

obey({ prepare, send, singles, freshness, usage, end: () => {} });
