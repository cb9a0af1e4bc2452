import type { ServicePlan } from "../core/plan/service-plan.ts";
import type { PredictionAnswer } from "../core/result/answers.ts";
import type { ShadowedRows } from "../core/result/monitoring.ts";
import type { Row } from "../core/schema/data-type.ts";
import type { WriterLink } from "../ports/writer-link.ts";
import { requestSampler } from "../stages/monitoring/request-sample.ts";
import { ShadowCounts } from "../stages/monitoring/shadow-counts.ts";
import type { ViewTimes } from "../stages/monitoring/view-times.ts";
import { RunningRates } from "../stages/monitoring/service-rates.ts";
import type { LiveAnswers } from "../stages/serving/live-answers.ts";
import type { AuditSettings } from "./store-parts.ts";

/** How often counts are told, in milliseconds. */
const EVERY = 500;

interface Watched {
  rates: RunningRates;
  readonly sampled: (request: Row) => boolean;
}

/** Hands what a process answers that only reads to the one that writes, which watches it: counts, and a sample. */
export class Relay {
  private readonly link: WriterLink;
  private readonly audit: AuditSettings;
  private readonly viewTimes: ViewTimes;
  private readonly services = new Map<ServicePlan, Watched>();
  private readonly shadows = new ShadowCounts();
  /** By view. */
  private readonly unnamed = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(link: WriterLink, audit: AuditSettings, viewTimes: ViewTimes) {
    this.link = link;
    this.audit = audit;
    this.viewTimes = viewTimes;
    this.timer = setInterval(() => this.tellCounts(), EVERY).unref();
  }

  answered(plan: ServicePlan, requests: readonly Row[], answers: LiveAnswers): void {
    const { rates, sampled } = this.watched(plan);
    rates.countLive(answers);
    const places = requests.flatMap((request, i) => (sampled(request) ? [i] : []));
    if (places.length === 0) return;
    this.link.tell({
      kind: "features",
      service: plan.service.name,
      requests: places.map((i) => requests[i]),
      answers: places.map((i) => answers.one(i)),
    });
  }

  answeredViews(views: readonly string[], answers: number): void {
    for (const view of views) this.unnamed.set(view, (this.unnamed.get(view) ?? 0) + answers);
  }

  predicted(model: string, answers: readonly PredictionAnswer[]): void {
    if (answers.length > 0) this.link.tell({ kind: "predictions", model, answers });
  }

  shadowed(rows: ShadowedRows): void {
    this.shadows.add(rows);
  }

  /** Tells what is left to tell. */
  close(): void {
    clearInterval(this.timer);
    this.tellCounts();
  }

  private watched(plan: ServicePlan): Watched {
    let found = this.services.get(plan);
    if (found === undefined) {
      const share = this.audit.on ? this.audit.sample : 0;
      found = { rates: new RunningRates(plan, null), sampled: requestSampler(plan.service.inputs, share) };
      this.services.set(plan, found);
    }
    return found;
  }

  private tellCounts(): void {
    const shadows = this.shadows.drain();
    if (shadows.length > 0) this.link.tell({ kind: "shadows", shadows });
    if (this.unnamed.size > 0) this.link.tell({ kind: "views", answers: Object.fromEntries(this.unnamed) });
    this.unnamed.clear();
    const times = this.viewTimes.take();
    if (times.length > 0) this.link.tell({ kind: "times", times });
    this.tellRates();
  }

  private tellRates(): void {
    const changed = [...this.services].filter(([, { rates }]) => rates.answers > 0);
    if (changed.length === 0) return;
    this.link.tell({ kind: "rates", rates: changed.map(([, { rates }]) => rates.report()) });
    for (const [plan, watched] of changed) watched.rates = new RunningRates(plan, null);
  }
}
