import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { AsofError } from "../../core/errors.ts";
import { errorAnswer } from "./error-answer.ts";

/** Answers what is not even HTTP, or arrives too slowly, and hangs up. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket, requestId: string): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (socket.writable) socket.write(plainHttp(error, requestId));
  socket.destroy(error);
}

function plainHttp(error: Error & { readonly code?: string }, requestId: string): string {
  const parser = error.code?.startsWith("HPE_") === true && error.code !== "HPE_HEADER_OVERFLOW";
  const told = parser ? new AsofError("ASOF_HTTP", "the request breaks the rules of HTTP/1.1") : error;
  const { status, headers, body } = errorAnswer(told, requestId);
  const all = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n");
}
