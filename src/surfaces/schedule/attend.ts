import type { Configuration } from "../../configuration.ts";
import type { JobReport } from "../../core/result/schedule.ts";
import { MILLISECOND } from "../../core/time/timestamp.ts";
import { parseDuration } from "../../core/time/duration.ts";
import type { Store } from "../../store.ts";
import { openLog } from "../http/log-settings.ts";
import type { ServerOptions } from "../http/server-options.ts";
import { workOf } from "./job-work.ts";
import { deliver, type Notice, Notices, type Webhook } from "./notices.ts";
import { Scheduler } from "./scheduler.ts";

const EVERY = 60_000;

export interface Attendance {
  readonly jobs: () => readonly JobReport[];
  close(): Promise<void>;
}

/**
 * What goes on beside serving, in the process that writes: scheduled jobs, and a look once a minute whether there is
 * something to tell. Notices go to the log and to the webhooks of the configuration.
 */
export async function attend(
  store: Store,
  configuration: Configuration & { readonly home: string },
  logging: Pick<ServerOptions, "logger" | "logStream">,
): Promise<Attendance> {
  const { schedule = {}, notify = {}, home } = configuration;
  const log = openLog(logging);
  const webhooks: Webhook[] = (notify.webhooks ?? []).map((one) => (typeof one === "string" ? { url: one } : one));
  const limits = { staleness: parseDuration(notify.staleness ?? "1m"), drift: notify.drift ?? 0.25 };
  const under = new Set<Promise<void>>();
  const notices = new Notices((notice: Notice) => {
    const delivery = deliver(notice, log, webhooks).finally(() => under.delete(delivery));
    under.add(delivery);
  });
  const scheduler = await Scheduler.start({
    home,
    schedule,
    work: (job, signal) => workOf({ store, configuration }, job, signal),
    ended: (job, run) => {
      log.info({ job: job.name, state: run.state, seconds: run.seconds }, "job ended");
      notices.jobEnded(job, run);
    },
    now: () => Date.now() * MILLISECOND,
  });
  const look = (): void => {
    store.monitoring().then(
      (report) => notices.look(report, limits),
      (error: unknown) => log.error({ err: error }, "the store cannot be looked at"),
    );
  };
  const timer = setInterval(look, EVERY).unref();
  return {
    jobs: () => scheduler.report(),
    close: async () => {
      clearInterval(timer);
      await scheduler.close();
      await Promise.all(under);
    },
  };
}
