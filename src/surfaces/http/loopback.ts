import { isIPv4 } from "node:net";

/** Whether a host's name or address means this machine whatever a name server says. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name === "::1" || name === "[::1]" || (isIPv4(name) && name.startsWith("127."));
}

/**
 * Whether a request's Host header addresses this machine by a loopback name. A web page whose own name was made to
 * point here has the browser send that name.
 */
export function addressesLoopback(header: string | undefined): boolean {
  if (header === undefined) return false;
  // Clients say the same at each request.
  if (header === lastThatDid) return true;
  const does = isLoopback(header.replace(/:\d*$/, ""));
  if (does) lastThatDid = header;
  return does;
}

let lastThatDid: string | null = null;
