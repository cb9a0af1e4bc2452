import { local } from "../access/caller.ts";
import { writeJson } from "../json/write-json.ts";
import { SharedSnapshots } from "../live/shared-snapshots.ts";
import type { Route, RouteContext } from "../route.ts";
import { count, listOf, objectOf, type Schema, text } from "../schema.ts";
import { statusRoute } from "./status.ts";

const milliseconds: Schema = { type: "number", minimum: 0 };

/** The status, again and again, with how long requests take: what a page that stays open shows. */
export function liveRoute(context: RouteContext): Route {
  const status = statusRoute(context);
  const snapshot = async (): Promise<string> => {
    const told = (await status.handle({
      name: "",
      query: {},
      headers: {},
      body: NO_BODY,
      accept: "",
      caller: local,
      signal: () => new AbortController().signal,
    })) as string;
    const { rss, heapUsed } = process.memoryUsage();
    const memory = { resident: rss, heap: heapUsed };
    return `{"status":${told},"requests":${writeJson(context.times.report())},"memory":${writeJson(memory)}}`;
  };
  const snapshots = new SharedSnapshots(snapshot);
  return {
    method: "GET",
    path: "/v1/live",
    id: "streamLive",
    access: { scope: "read" },
    anywhere: true,
    summary: "Tells about once a second, as server-sent events, what `/v1/status` answers and how long requests take.",
    names: null,
    query: {},
    type: "text/event-stream",
    shapes: {
      body: null,
      answer: {
        ...objectOf({
          status: status.shapes.answer,
          requests: listOf(
            objectOf({
              route: text,
              requests: { ...count, description: "answered in the last minute by this process, of its last 1024" },
              perSecond: { type: "number", minimum: 0 },
              p50: { ...milliseconds, description: "milliseconds" },
              p99: { ...milliseconds, description: "milliseconds" },
            }),
          ),
          memory: objectOf({
            resident: { ...count, description: "bytes that this process has in memory, libraries and all" },
            heap: { ...count, description: "bytes of it that are JavaScript's" },
          }),
        }),
        description: "the data of each event, whose name is `live`",
      },
    },
    errors: [],
    handle: snapshot,
    events: { name: "live", texts: (signal) => snapshots.follow(signal) },
  };
}

const NO_BODY = { language: "json", text: "" } as const;
