import { AsofError } from "../../core/errors.ts";
import { unavailable } from "./redis-error.ts";

/** What a server says of itself. */
export interface NodeInfo {
  /** Its replication id: another one after each restart, and after a replica took its place. */
  readonly replication: string;
  /** Bytes in use. */
  readonly memory: number;
  readonly appendOnly: boolean;
  /** Whether it writes its files anew at the moment. */
  readonly rewriting: boolean;
  readonly saving: boolean;
}

/**
 * Reads the answer to INFO. @throws ASOF_ONLINE_UNAVAILABLE where the server is a replica; ASOF_CONFIG where it may
 * evict keys: what was evicted would read as though it had never been.
 */
export function parseInfo(text: string, address: string): NodeInfo {
  const lines = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const at = line.indexOf(":");
    if (at > 0) lines.set(line.slice(0, at), line.slice(at + 1));
  }
  if (lines.get("role") !== "master") throw unavailable(`Redis at ${address} is a replica`);
  const policy = lines.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction" && Number(lines.get("maxmemory")) > 0)
    throw new AsofError(
      "ASOF_CONFIG",
      `Redis at ${address} may evict keys (maxmemory-policy ${policy}), and what is evicted would read as though it had never been: set maxmemory-policy to noeviction`,
      { setting: "online" },
    );
  return {
    replication: lines.get("master_replid") ?? "",
    memory: Number(lines.get("used_memory") ?? 0),
    appendOnly: lines.get("aof_enabled") === "1",
    rewriting: lines.get("aof_rewrite_in_progress") === "1" || lines.get("aof_rewrite_scheduled") === "1",
    saving: lines.get("rdb_bgsave_in_progress") === "1",
  };
}
