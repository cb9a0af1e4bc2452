import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { WriterClient } from "./writer-client.ts";

test("records reach the writer however many wait for it to read", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "asof-writer-client-"));
  const socket = path.join(folder, "writer.sock");
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/v1/explain") held.push(response);
    else response.end("{}");
  }).listen(socket);
  await once(server, "listening");
  const client = new WriterClient(socket);
  const asked = { method: "POST", headers: {}, body: "{}" };
  try {
    const reading = Array.from({ length: 100 }, () => client.forward({ ...asked, url: "/v1/explain", brings: false }));
    while (held.length < 64) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await client.forward({ ...asked, url: "/v1/events/clicks", brings: true })).toMatchObject({ status: 200 });
    await client.append({ name: "served", schema: "1" }, []);
    // Those who read wait for one another, and are answered in the end.
    expect(held).toHaveLength(64);
    const all = Promise.all(reading);
    const answering = setInterval(() => held.splice(0).forEach((response) => response.end("{}")), 5);
    expect((await all).every(({ status }) => status === 200)).toBe(true);
    clearInterval(answering);
  } finally {
    client.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
