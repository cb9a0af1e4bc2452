import fastify from "fastify";
import { expect, test } from "vitest";
import { EventStreams } from "./event-stream.ts";

test("is heard of also while there is no event", async () => {
  const app = fastify();
  const streams = new EventStreams(app, 10);
  const first = Promise.withResolvers<void>();
  async function* texts(signal: AbortSignal): AsyncGenerator<string> {
    await first.promise;
    yield "1";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }
  app.get("/", async (_request, reply) => {
    await streams.send(reply, "live", texts, () => Promise.resolve());
    return reply;
  });
  const answer = await app.inject({ url: "/", payloadAsStream: true });
  let text = "";
  for await (const chunk of answer.stream()) {
    text += String(chunk);
    // Comments, which readers of events pass over.
    if (text.startsWith("retry: 1000\n\n:\n\n:\n\n")) first.resolve();
    if (text.includes("data: 1\n\n:\n\n")) break;
  }
  expect(text).toMatch(/^retry: 1000\n\n(:\n\n){2,}event: live\ndata: 1\n\n(:\n\n)+$/);
  await app.close();
});
