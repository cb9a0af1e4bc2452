import { featureName } from "../../core/definition/service-features.ts";
import type { ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer, ViewStatus } from "../../core/result/answers.ts";
import type { ServiceRates } from "../../core/result/monitoring.ts";

interface ViewCounts {
  readonly view: string;
  readonly features: readonly string[];
  notFound: number;
  expired: number;
  overflow: number;
}

/** Answers as far as they are counted: by row, and by use of the service's views. */
export interface CountedAnswers {
  readonly size: number;
  statusOf(use: number, row: number): ViewStatus;
  /** Which of the use's values are null. */
  nullsOf(use: number, row: number): readonly number[];
}

/** Running counts of what a service answered. They go on where a report of the same definition left off. */
export class RunningRates {
  readonly service: string;
  answers: number;
  private readonly views: readonly ViewCounts[];
  private readonly names: readonly string[];
  private readonly nulls: Float64Array;

  constructor(plan: ServicePlan, before: ServiceRates | null) {
    this.service = plan.service.name;
    this.answers = before?.answers ?? 0;
    this.views = plan.uses.map(({ alias, features }): ViewCounts => {
      const { notFound = 0, expired = 0, overflow = 0 } = before?.views.find(({ view }) => view === alias) ?? {};
      const names = Object.keys(features).map((feature) => featureName(alias, feature));
      return { view: alias, features: names, notFound, expired, overflow };
    });
    this.names = Object.keys(plan.features);
    this.nulls = Float64Array.from(this.names, (name) => before?.features[name] ?? 0);
  }

  count(answers: readonly FeatureAnswer[]): void {
    this.answers += answers.length;
    for (const { values, statuses } of answers) {
      for (let i = 0; i < this.names.length; i++) if (values[this.names[i]] === null) this.nulls[i]++;
      for (const view of this.views) count(view, statuses[view.view]);
    }
  }

  /** As `count`, of answers that need not be made for it. */
  countLive(answers: CountedAnswers): void {
    this.answers += answers.size;
    let first = 0;
    for (const [use, view] of this.views.entries()) {
      for (let row = 0; row < answers.size; row++) {
        for (const place of answers.nullsOf(use, row)) this.nulls[first + place]++;
        count(view, answers.statusOf(use, row));
      }
      first += view.features.length;
    }
  }

  /** Takes what another process has counted of the same service. Features and views that are not known here are left out. */
  add({ answers, views, features }: ServiceRates): void {
    this.answers += answers;
    for (let i = 0; i < this.names.length; i++) this.nulls[i] += features[this.names[i]] ?? 0;
    for (const view of this.views) {
      const counted = views.find((one) => one.view === view.view);
      view.notFound += counted?.notFound ?? 0;
      view.expired += counted?.expired ?? 0;
      view.overflow += counted?.overflow ?? 0;
    }
  }

  report(): ServiceRates {
    const { service, answers } = this;
    const nulls = Object.fromEntries(this.names.map((name, i) => [name, this.nulls[i]]));
    return {
      service,
      answers,
      views: this.views.map(({ view, features, notFound, expired, overflow }) => ({
        view,
        notFound,
        expired,
        overflow,
        nulls: features.reduce((sum, name) => sum + nulls[name], 0),
        values: answers * features.length,
      })),
      features: nulls,
    };
  }
}

function count(view: ViewCounts, status: ViewStatus | undefined): void {
  if (status === "NOT_FOUND") view.notFound++;
  else if (status === "EXPIRED") view.expired++;
  else if (status === "OVERFLOW") view.overflow++;
}
