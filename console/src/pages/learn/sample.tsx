import type { Run, Status } from "../../api/answers.ts";
import { count, NONE, seconds } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Command } from "../../parts/notice.tsx";
import { Section } from "../../parts/page.tsx";
import { stepOf } from "./the-questions.ts";
import { TourStep } from "./tour-step.tsx";
import { tour } from "./tour.ts";

/** The same in a terminal: a command for each step, and what it did here last. */
export function Sample({ status, runs }: { readonly status: Status; readonly runs: readonly Run[] }) {
  return (
    <Section
      title="The execution sample"
      note="Run these in the folder of your configuration, in their order. What each has done shows here by itself, as it is recorded."
    >
      <ol className="learn-steps">
        {tour.map(({ step, name, command, here }) => {
          const newest = runs.find((run) => stepOf[run.kind] === step);
          const done = here(status, runs);
          return (
            <TourStep key={step} step={step} name={name} done={done !== null}>
              <Command>{command}</Command>
              {newest === undefined ? (
                <p className={done === null ? "muted" : "good"}>{done ?? "Not yet on this store."}</p>
              ) : (
                <p className={newest.state === "failed" ? "bad" : newest.state === "running" ? undefined : "good"}>
                  Run {newest.id}, {newest.kind} {newest.target}, {newest.state}
                  {newest.state === "succeeded" &&
                    `: ${newest.rows === null ? NONE : count(newest.rows)} rows in ${seconds(newest.seconds)}`}{" "}
                  · <Moment at={newest.endedAt ?? newest.startedAt} />
                </p>
              )}
            </TourStep>
          );
        })}
      </ol>
      <p className="note">
        No store of your own yet? <code>npm run quickstart</code> in the repository of asof does all five on three
        million real flights, in about two minutes.
      </p>
    </Section>
  );
}
