import type { FastifyInstance, FastifyReply } from "fastify";

/** Tells a client to come back so many milliseconds after its connection is lost. */
const RETRY = 1000;
/** How often it is asked whether a reader may still listen, in milliseconds. */
const LOOK_AFTER = 500;

/** So often something is sent where there is no event, in milliseconds: who hears nothing takes the server for gone. */
const BEAT = 5000;

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
  private readonly beat: number;

  constructor(app: FastifyInstance, beat = BEAT) {
    this.beat = beat;
    app.addHook("preClose", (done) => {
      for (const stream of this.open) stream.abort();
      done();
    });
  }

  /**
   * Sends each text as an event named `event` until the client hangs up, the server closes, or the client may not listen
   * any more: who comes back is told why.
   * @param mayListen rejects where he may not
   */
  async send(
    reply: FastifyReply,
    event: string,
    texts: (signal: AbortSignal) => AsyncIterable<string>,
    mayListen: () => Promise<void>,
  ): Promise<void> {
    const { raw } = reply;
    reply.hijack();
    raw.writeHead(200, HEAD);
    // Whoever asks for the head alone is not to wait for an end of what has none.
    if (reply.request.method === "HEAD") return void raw.end();
    const stream = new AbortController();
    const end = (): void => stream.abort();
    const looking = setInterval(() => void mayListen().catch(end), LOOK_AFTER);
    const beating = setInterval(() => {
      if (!raw.writableNeedDrain) raw.write(":\n\n");
    }, this.beat);
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
      clearInterval(looking);
      clearInterval(beating);
      this.open.delete(stream);
      raw.end();
    }
  }
}
