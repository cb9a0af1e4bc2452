import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { PUBLIC } from "../access/access.ts";
import { AsofError } from "../../../core/errors.ts";
import { type BuiltFile, builtFiles } from "./built-files.ts";

/** The pages of the console: each is the one document, which finds out by its address what it is to show. */
export const consolePages = [
  "/",
  "/features",
  "/compare",
  "/models",
  "/playground",
  "/runs",
  "/learn",
  "/sign-in",
] as const;

const DOCUMENT = "index.html";
const ASSETS = "/assets/*";

/** Nothing from elsewhere, no script or style but from files of ours, and no page of others around ours. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

const OPEN = { config: { route: { id: "console", access: PUBLIC, names: null } } };

/**
 * Serves the console's own files, which tell nothing of the store: whoever may reach the server may have them. They are
 * read when they are asked for the first time.
 */
export function serveConsole(app: FastifyInstance): void {
  let files: ReadonlyMap<string, BuiltFile> | null = null;
  const fileAt = (path: string): BuiltFile => {
    const found = (files ??= builtFiles()).get(path);
    if (found === undefined) throw new AsofError("ASOF_NOT_FOUND", `the console has no file ${path}`, { path });
    return found;
  };
  for (const url of consolePages)
    app.get(url, OPEN, (request, reply) => send(request, reply, fileAt(DOCUMENT), "no-cache"));
  app.get<{ Params: { "*": string } }>(ASSETS, OPEN, (request, reply) =>
    // Their names change with what is in them.
    send(request, reply, fileAt(`assets/${request.params["*"]}`), "public, max-age=31536000, immutable"),
  );
}

function send(request: FastifyRequest, reply: FastifyReply, file: BuiltFile, caching: string): FastifyReply {
  const { type, bytes, gzipped, etag } = file;
  const { headers } = request.raw;
  void reply.headers({ ...HEADERS, "cache-control": caching, etag, vary: "accept-encoding" });
  if (headers["if-none-match"] === etag) return reply.code(304).send();
  void reply.header("content-type", type);
  if (gzipped !== null && /\bgzip\b/.test(headers["accept-encoding"] ?? ""))
    return reply.header("content-encoding", "gzip").send(gzipped);
  return reply.send(bytes);
}
