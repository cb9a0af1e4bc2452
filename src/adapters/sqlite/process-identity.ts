import { readFileSync, readlinkSync } from "node:fs";

/**
 * Which process, beyond its pid: pids are reused, start again at every boot, and are numbered anew in every
 * container. A part that the platform does not tell is null.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly start: string | null;
  readonly boot: string | null;
  readonly namespace: string | null;
}

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    start: startOf(process.pid),
    boot: known(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    namespace: known(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** True where that process is known to be gone; false where it runs, or runs where `me` cannot look. */
export function isGone(other: ProcessIdentity, me: ProcessIdentity): boolean {
  if (other.boot !== me.boot) return true;
  if (other.namespace !== me.namespace) return false;
  if (other.start !== null) return startOf(other.pid) !== other.start;
  try {
    // Signal 0 only asks.
    process.kill(other.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Null where there is no such process; one that ended but was not yet waited for counts as gone. */
function startOf(pid: number): string | null {
  const stat = known(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === null) return null;
  // The name, in parentheses, may hold spaces and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [STATE, START] = [0, 19];
  return fields[STATE] === "Z" || fields[STATE] === "X" ? null : fields[START];
}

function known(look: () => string): string | null {
  try {
    return look();
  } catch {
    return null;
  }
}
