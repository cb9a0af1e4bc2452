import type { ThreadTime } from "../../ports/clock.ts";

/** The time of the thread that asks. */
export const threadTime: ThreadTime = {
  elapsed: () => performance.now() / 1000,
  idled: () => performance.nodeTiming.idleTime / 1000,
  worked: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1e6;
  },
};
