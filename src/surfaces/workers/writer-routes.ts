import { deserialize } from "node:v8";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { StreamRecord } from "../../core/codec/record-batch.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { Answered, WriterLink } from "../../store.ts";
import { PUBLIC } from "../http/access/access.ts";
import type { Leaving } from "../http/leaving.ts";
import type { RequestCounts, ToldRequests } from "../http/request-counts.ts";

/** The paths at which the writer takes what the processes beside it have served. */
export const LINK = { append: "/link/append", answered: "/link/answered", requests: "/link/requests" } as const;

/** Bodies are structured clones of this process's own kind: int64 and NaN must get through. */
export const OCTETS = "application/octet-stream";

/** Adds these paths to a server that only the processes of this store can reach. */
export function addWriterRoutes(
  app: FastifyInstance,
  link: WriterLink,
  requests: RequestCounts,
  leaving: Leaving,
): void {
  const onSend = (_request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void): void => {
    if (leaving.isTold) leaving.hangUpAfter(reply);
    done();
  };
  // Who reaches the socket is a process of this store: its folder is for its user alone.
  const linked = { onSend, config: { route: { id: "link", access: PUBLIC, names: null } } };
  app.addContentTypeParser(OCTETS, { parseAs: "buffer" }, (_request, bytes, done) => done(null, bytes));
  app.post<{ Body: Buffer }>(LINK.append, linked, async ({ body }) => {
    const { stream, records } = deserialize(body) as {
      stream: Pick<Stream, "name" | "schema">;
      records: readonly StreamRecord[];
    };
    await link.append(stream, records);
    return "";
  });
  app.post<{ Body: Buffer }>(LINK.answered, linked, async ({ body }) => {
    link.tell(deserialize(body) as Answered);
    return Promise.resolve("");
  });
  app.post<{ Body: Buffer }>(LINK.requests, linked, async ({ body }) => {
    requests.add(deserialize(body) as ToldRequests);
    return Promise.resolve("");
  });
}
