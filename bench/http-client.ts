import { connect, type Socket } from "node:net";

/** A request as it goes over the wire. */
export function requestBytes(port: number, path: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One kept-alive connection, one request at a time: as little work as a client can have beside the server it loads. */
export class Connection {
  private readonly socket: Socket;
  private readonly chunks: Buffer[] = [];
  private received = 0;
  private wanted = -1;
  private status = 0;
  private bodyAt = 0;
  private waiting: PromiseWithResolvers<Answer> | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => this.take(chunk));
    socket.on("close", () => this.waiting?.reject(new Error("the server closed the connection")));
    socket.on("error", (error) => this.waiting?.reject(error));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      socket.once("connect", () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  send(request: Buffer): Promise<Answer> {
    this.waiting = Promise.withResolvers();
    this.socket.write(request);
    return this.waiting.promise;
  }

  close(): void {
    this.waiting = null;
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
    if (this.wanted < 0) {
      const text = Buffer.concat(this.chunks).toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
      if (length === undefined) throw new Error("an answer without a length");
      this.status = Number(text.slice(9, 12));
      this.bodyAt = end + 4;
      this.wanted = this.bodyAt + Number(length);
    }
    if (this.received < this.wanted) return;
    const answer = { status: this.status, body: Buffer.concat(this.chunks).subarray(this.bodyAt) };
    this.chunks.length = 0;
    this.received = 0;
    this.wanted = -1;
    const { waiting } = this;
    this.waiting = null;
    waiting?.resolve(answer);
  }
}

/**
 * Sends so many requests over so many connections, each as soon as the one before is answered. What is to be `awake` never
 * waits: the system charges a process that sends for waking the one that gets it, and the slower a server is, the more often
 * it finds its client asleep.
 */
export async function closedLoop(
  port: number,
  requests: readonly Buffer[],
  { count, connections, awake = false }: { count: number; connections: number; awake?: boolean },
): Promise<void> {
  let sent = 0;
  const stayAwake = (): void => {
    if (awake && sent < count) setImmediate(stayAwake);
  };
  stayAwake();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = await Connection.open(port);
      try {
        while (sent < count) mustBeOk(await connection.send(requests[sent++ % requests.length]));
      } finally {
        connection.close();
      }
    }),
  );
}

/**
 * Milliseconds from when each request was due to its answer: a server that falls behind is charged for the queue, also
 * where that waits for one of so many connections.
 */
export async function openLoop(
  port: number,
  requests: readonly Buffer[],
  { rate, seconds, connections }: { readonly rate: number; readonly seconds: number; readonly connections: number },
): Promise<number[]> {
  const latencies: number[] = [];
  const due: number[] = [];
  const all = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const free = [...all];
  const count = Math.ceil(rate * seconds);
  const began = performance.now();
  const answered = Promise.withResolvers<void>();

  const send = async (connection: Connection, at: number): Promise<void> => {
    mustBeOk(await connection.send(requests[latencies.length % requests.length]));
    latencies.push(performance.now() - began - at);
    if (latencies.length === count) answered.resolve();
    const next = due.shift();
    if (next === undefined) free.push(connection);
    else await send(connection, next);
  };

  try {
    for (let next = 0; next < count;) {
      const now = performance.now() - began;
      for (; next < count && (next * 1000) / rate <= now; next++) {
        const connection = free.pop();
        const at = (next * 1000) / rate;
        if (connection === undefined) due.push(at);
        else send(connection, at).catch(answered.reject);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await answered.promise;
  } finally {
    for (const connection of all) connection.close();
  }
  return latencies.sort((a, b) => a - b);
}

function mustBeOk({ status, body }: Answer): void {
  if (status !== 200) throw new Error(`an answer has status ${status}: ${body.toString().slice(0, 200)}`);
}
