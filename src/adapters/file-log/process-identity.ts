import { readFile, readlink } from "node:fs/promises";

/**
 * Which process, beyond its pid: pids are reused, start again at every boot, and are the same in every container.
 * A part the platform does not tell is null.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly started: string | null;
  readonly boot: string | null;
  /** The namespace its pid is a number of. */
  readonly namespace: string | null;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const [started, boot, namespace] = await Promise.all([
    startOf(process.pid),
    readFile("/proc/sys/kernel/random/boot_id", "utf8").then((id) => id.trim(), unknown),
    readlink("/proc/self/ns/pid").catch(unknown),
  ]);
  return { pid: process.pid, started, boot, namespace };
}

/** True where that very process is seen to be running; false also where `me` cannot see it. */
export async function isRunning(other: ProcessIdentity, me: ProcessIdentity): Promise<boolean> {
  if (other.boot !== me.boot || other.namespace !== me.namespace || other.started === null) return false;
  return (await startOf(other.pid)) === other.started;
}

/** Null where there is no such process; a dead one whose parent has not looked yet counts as gone. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(unknown);
  if (stat === null) return null;
  // The name, in parentheses, may hold spaces and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [STATE, START] = [0, 19];
  return fields[STATE] === "Z" || fields[STATE] === "X" ? null : (fields[START] ?? null);
}

const unknown = (): null => null;
