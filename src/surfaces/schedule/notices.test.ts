import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { expect, test } from "vitest";
import { deliver } from "./notices.ts";

test("a name and a password in a webhook's address go into the header that they stand for", async () => {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const notice = { event: "stale", subject: "store", state: "firing", at: "", message: "late", details: {} } as const;
  try {
    // One is written as addresses are, the other has a percent sign that stands for itself.
    for (const password of ["a%3Ab", "100%"])
      await deliver(notice, log, [{ url: `http://ada:${password}@127.0.0.1:${port}/hook` }], 0);
  } finally {
    server.close();
  }
  const basic = (plain: string): string => `Basic ${Buffer.from(plain).toString("base64")}`;
  expect(heard).toEqual([basic("ada:a:b"), basic("ada:100%")]);
  expect(lines.join("")).not.toMatch(/not delivered|100%|a:b/);
});
