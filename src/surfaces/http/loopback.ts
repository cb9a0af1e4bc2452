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

/**
 * Whether an Origin header is of a page of this machine, or not there: browsers send it with whatever a page of another
 * site has them post, also where that takes no body, and so no permission.
 */
export function comesFromLoopback(origin: string | undefined): boolean {
  return origin === undefined || addressesLoopback(origin.replace(/^https?:\/\//, ""));
}

let lastThatDid: string | null = null;
