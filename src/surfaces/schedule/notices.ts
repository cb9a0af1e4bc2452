import type { Logger } from "pino";
import type { MonitoringReport } from "../../core/result/monitoring.ts";
import type { JobReport, JobRun } from "../../core/result/schedule.ts";
import { formatTimestamp, SECOND } from "../../core/time/timestamp.ts";

/** Something that an operator should know. */
export interface Notice {
  readonly event: "job_failed" | "stale" | "drift" | "audit_difference";
  /** What it is about: a job, the store, a feature of a model. */
  readonly subject: string;
  /** It began, or it is over. */
  readonly state: "firing" | "resolved";
  readonly at: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Thresholds {
  /** How far live answers may be behind the clock, in microseconds. */
  readonly staleness: number;
  /** Up to which population stability index serving is as training was. */
  readonly drift: number;
}

/** Tells each thing once when it begins, and once when it is over. */
export class Notices {
  private readonly firing = new Set<string>();
  private differences: number | null = null;
  private readonly tell: (notice: Notice) => void;

  constructor(tell: (notice: Notice) => void) {
    this.tell = tell;
  }

  jobEnded({ name, cron, next }: JobReport, { state, failure, startedAt, endedAt, seconds }: JobRun): void {
    const details = {
      code: failure?.code ?? null,
      cron,
      startedAt: formatTimestamp(startedAt),
      seconds,
      next: next === null ? null : formatTimestamp(next),
    };
    // Each failure is told; an end that the operator wanted is none.
    if (state === "failed") this.firing.delete(`job_failed ${name}`);
    const message = failure === null ? `the job ${name} succeeded` : `the job ${name} failed: ${failure.message}`;
    if (state !== "interrupted")
      this.note("job_failed", name, state === "failed", formatTimestamp(endedAt), message, details);
  }

  /** Looks at how well the store serves. */
  look({ now, freshness, audit, drift }: MonitoringReport, limits: Thresholds): void {
    const at = formatTimestamp(now);
    const isStale = freshness !== null && freshness > limits.staleness;
    const behind = (freshness ?? 0) / SECOND;
    this.note("stale", "store", isStale, at, `live answers are ${behind} s behind the clock`, { seconds: behind });
    for (const { model, version, features } of drift)
      for (const { feature, psi, chance } of features) {
        // What as many values would have without any drift says nothing.
        const isDrift = psi !== null && psi > limits.drift && psi > 2 * (chance ?? 0);
        const subject = `${model}.${feature}`;
        this.note("drift", subject, isDrift, at, `${feature} of ${model} has a PSI of ${psi}`, {
          version,
          psi,
          chance,
        });
      }
    // Differences stay counted: what is new is news.
    const more = audit.different - (this.differences ?? audit.different);
    this.differences = audit.different;
    if (more <= 0) return;
    const targets = audit.targets.filter(({ different }) => different > 0).map(({ kind, name }) => `${kind} ${name}`);
    this.tell({
      event: "audit_difference",
      subject: "store",
      state: "firing",
      at,
      message: `${more} served values are not what history gives`,
      details: { different: audit.different, targets },
    });
  }

  private note(
    event: Notice["event"],
    subject: string,
    isFiring: boolean,
    at: string,
    message: string,
    details: Notice["details"],
  ): void {
    const key = `${event} ${subject}`;
    if (isFiring === this.firing.has(key)) return;
    if (isFiring) this.firing.add(key);
    else this.firing.delete(key);
    this.tell({ event, subject, state: isFiring ? "firing" : "resolved", at, message, details });
  }
}

/** Where notices go beside the log. */
export interface Webhook {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ATTEMPTS = 3;
const TIMEOUT = 10_000;

/** A notice in the log, and to each webhook as JSON; what cannot be delivered is in the log. */
export async function deliver(notice: Notice, log: Logger, webhooks: readonly Webhook[], pause = 1000): Promise<void> {
  const { message, ...told } = notice;
  if (notice.state === "firing") log.error(told, message);
  else log.info(told, message);
  await Promise.all(webhooks.map((webhook) => post(notice, log, webhook, pause)));
}

async function post(notice: Notice, log: Logger, webhook: Webhook, pause: number): Promise<void> {
  const { url, headers } = withoutCredentials(webhook);
  let reason = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      const { status } = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(notice),
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (status < 300) return;
      reason = `it answered ${status}`;
      if (status < 500 && status !== 429) break;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (attempt < ATTEMPTS) await new Promise((resolve) => setTimeout(resolve, pause * attempt).unref());
  }
  // Its path may hold a secret.
  log.error({ event: notice.event, subject: notice.subject, webhook: url.host, reason }, "not delivered");
}

/** `fetch` takes no address with a name and a password, and repeats it in its error: they go into the header they stand for. */
function withoutCredentials({ url: given, headers = {} }: Webhook): { url: URL; headers: Webhook["headers"] } {
  const url = new URL(given);
  const { username, password } = url;
  if (username === "" && password === "") return { url, headers };
  [url.username, url.password] = ["", ""];
  const credentials = `${decoded(username)}:${decoded(password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { url, headers: { authorization, ...headers } };
}

/** A part of an address in plain; as it stands where its percent signs mean nothing but themselves. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
