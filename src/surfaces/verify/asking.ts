import { rm } from "node:fs/promises";
import { serviceNamed } from "../../core/definition/catalog.ts";
import { AsofError } from "../../core/errors.ts";
import { planService, type ServicePlan } from "../../core/plan/service-plan.ts";
import type { FeatureAnswer } from "../../core/result/answers.ts";
import type { Row } from "../../core/schema/data-type.ts";
import { HOUR } from "../../core/time/timestamp.ts";
import { placeOf } from "./compare.ts";
import { compareAnswers } from "./compare-answers.ts";
import type { CourseState } from "./course-state.ts";
import type { CourseStore } from "./course-store.ts";
import { compareDataset } from "./dataset.ts";
import type { Ask } from "./steps.ts";
import { MOMENT, writeSpine } from "./write-rows.ts";

/** Asks a store, of its present, of history and for training sets, and compares all it answers with the oracle. */
export class Asking {
  private readonly state: CourseState;

  constructor(state: CourseState) {
    this.state = state;
  }

  async ask(store: CourseStore, ask: Extract<Ask, { how: "live" | "as of" }>): Promise<void> {
    const plan = this.plan(ask.service);
    if (ask.how === "as of") return this.askAsOf(store, plan, ask, null);
    if (ask.settle) await store.settled();
    const answers = await store.features(ask.service, ask.requests);
    const { t, loads } = answers[0];
    const place = placeOf("live", ask.service, ask.requests[0], t);
    if (ask.settle && t <= this.state.lastStamp)
      this.state.comparison.value(place, "t, after what was accepted", this.state.lastStamp, t);
    for (const use of [...plan.aggregates, ...plan.batches])
      if (this.state.expected.lacksLoad(use, loads[use.alias], this.state.materialized))
        this.state.comparison.value(place, `loads of ${use.alias}`, this.state.materialized, loads[use.alias]);
    this.compare("live", plan, ask.requests, answers);
    const isLatest = plan.uses.every(
      (use) => loads[use.alias] === undefined || !this.state.expected.lacksLoad(use, loads[use.alias], this.state.end),
    );
    await this.askAsOf(store, plan, { requests: ask.requests, at: t }, isLatest ? answers : null);
  }

  /** @param live what was answered live for the same moment, where that holds the same loads */
  private async askAsOf(
    store: CourseStore,
    plan: ServicePlan,
    { requests, at, knowledge = "served" }: Pick<Extract<Ask, { how: "as of" }>, "requests" | "at" | "knowledge">,
    live: readonly FeatureAnswer[] | null,
  ): Promise<void> {
    const service = plan.service.name;
    const answers = await store.features(service, requests, { at, knowledge });
    for (const use of [...plan.aggregates, ...plan.batches])
      this.state.comparison.value(
        placeOf("as of", service, requests[0], at),
        `loads of ${use.alias}`,
        this.state.end,
        answers[0].loads[use.alias],
        true,
      );
    this.compare("as of", plan, requests, answers);
    if (live !== null) compareAnswers(this.state.comparison, { how: "as of", plan, requests }, answers, (i) => live[i]);
  }

  private compare(
    how: Ask["how"],
    plan: ServicePlan,
    requests: readonly Row[],
    answers: readonly FeatureAnswer[],
  ): void {
    const answer = this.state.expected.answers(plan);
    compareAnswers(this.state.comparison, { how, plan, requests }, answers, (i) =>
      answer(requests[i], answers[i].t, (alias) => answers[i].loads[alias], answers[i].knownAt ?? null),
    );
  }

  async askDataset(store: CourseStore, ask: Extract<Ask, { how: "dataset" }>): Promise<void> {
    const plan = this.plan(ask.service);
    const spine = this.state.file("parquet");
    await writeSpine(this.state.bench.engine, spine, plan, ask);
    const out = this.state.file("parquet");
    const { knowledge = "served" } = ask;
    // Nothing is said about moments yet to come.
    await store.settled();
    const { knownAt } = await store.dataset(ask.service, { spine, out, time: MOMENT, knowledge });
    const answer = this.state.expected.answers(plan);
    const { end } = this.state;
    await compareDataset(this.state.bench.engine, plan, ask, out, this.state.comparison, (i) =>
      answer(ask.requests[i], ask.moments[i], () => end, knownAt ?? null),
    );
    await rm(spine);
    await rm(out);
  }

  /** Moments yet to come are refused, by name. */
  async askAhead(store: CourseStore, service: string, request: Row): Promise<void> {
    await store.settled();
    const at = Math.max(this.state.now, this.state.lastStamp) + HOUR;
    const said = await store.features(service, [request], { at }).then(
      () => "answers",
      (error: unknown) => (error instanceof AsofError ? error.code : String(error)),
    );
    this.state.comparison.value(
      placeOf("as of", service, request, at),
      "ahead of the watermark",
      "ASOF_FUTURE_READ",
      said,
      true,
    );
  }

  private plan(service: string): ServicePlan {
    const { catalog, services } = this.state.bench.subject;
    return (
      services.find((plan) => plan.service.name === service) ?? planService(catalog, serviceNamed(catalog, service))
    );
  }
}
