import type { FastifyInstance, FastifyReply } from "fastify";

/** Tells a client to come back so many milliseconds after its connection is lost. */
const RETRY = 1000;

const HEAD = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  connection: "keep-alive",
};

/**
 * Streams that are open, as server-sent events. Closing the server ends them first: else it would wait for them as for
 * answers in flight.
 */
export class EventStreams {
  private readonly open = new Set<AbortController>();

  constructor(app: FastifyInstance) {
    app.addHook("preClose", (done) => {
      for (const stream of this.open) stream.abort();
      done();
    });
  }

  /** Sends each text as an event named `event` until the client hangs up or the server closes. */
  async send(reply: FastifyReply, event: string, texts: (signal: AbortSignal) => AsyncIterable<string>): Promise<void> {
    const { raw } = reply;
    reply.hijack();
    raw.writeHead(200, HEAD);
    // Whoever asks for the head alone is not to wait for an end of what has none.
    if (reply.request.method === "HEAD") return void raw.end();
    const stream = new AbortController();
    const end = (): void => stream.abort();
    this.open.add(stream);
    raw.once("close", end);
    raw.write(`retry: ${RETRY}\n\n`);
    try {
      for await (const text of texts(stream.signal)) {
        // A client that reads slower than it is told to misses some: each event is the whole state.
        if (!raw.writableNeedDrain) raw.write(`event: ${event}\ndata: ${text}\n\n`);
      }
    } catch (error) {
      if (!stream.signal.aborted) reply.log.error({ err: error }, "a stream of events failed");
    } finally {
      this.open.delete(stream);
      raw.end();
    }
  }
}
