import net from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What became of a request: an answer, a connection that the server closed without one, or nothing at all. */
export type Outcome = RawAnswer | "closed" | "silent";

/** A client that sends bytes as they are, well-formed or not, one request after the other on a connection. */
export class RawClient {
  private readonly port: number;
  private readonly patience: number;
  private socket: net.Socket | null = null;

  /** @param patience milliseconds after which a server that says nothing hangs */
  constructor(port: number, patience: number) {
    this.port = port;
    this.patience = patience;
  }

  /** @param isHead whether the answer has no body, whatever its headers say */
  send(request: Uint8Array, isHead = false): Promise<Outcome> {
    return new Promise((resolve) => {
      const socket = this.socket ?? net.connect(this.port, "127.0.0.1");
      this.socket = socket;
      let received = Buffer.alloc(0);
      const done = (outcome: Outcome, keep: boolean): void => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on("error", () => {});
        if (!keep) {
          socket.destroy();
          this.socket = null;
        }
        resolve(outcome);
      };
      const timer = setTimeout(() => done("silent", false), this.patience);
      const ended = (): void => done(answerIn(received, isHead, true) ?? "closed", false);
      socket.on("data", (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const answer = answerIn(received, isHead, false);
        if (answer === null) return;
        const { headers } = answer;
        done(answer, headers.get("connection") !== "close" && (isHead || !isEvents(headers)));
      });
      socket.on("error", ended);
      socket.on("close", ended);
      socket.write(request);
    });
  }

  /** Ends the connection: what follows is not taken for the rest of what came before. */
  close(): void {
    this.socket?.destroy();
    this.socket = null;
  }
}

const isEvents = (headers: ReadonlyMap<string, string>): boolean =>
  headers.get("content-type")?.startsWith("text/event-stream") === true;

function answerIn(bytes: Buffer, isHead: boolean, isAll: boolean): RawAnswer | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first, ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? Number.NaN);
  const behind = bytes.subarray(end + 4);
  if (status === 100) return answerIn(behind, isHead, isAll);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = isHead || status === 204 || status === 304 ? 0 : Number(headers.get("content-length") ?? Number.NaN);
  if (length <= behind.length) return { status, headers, body: behind.subarray(0, length) };
  // A stream of events has no end: its first one tells that there are some.
  if (isEvents(headers) && behind.includes("data: ")) return { status, headers, body: behind };
  return isAll ? { status, headers, body: behind } : null;
}
