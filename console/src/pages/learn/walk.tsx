import type { Run, Status } from "../../api/answers.ts";
import { Link } from "../../navigation/link.tsx";
import { Section } from "../../parts/page.tsx";
import { TourStep } from "./tour-step.tsx";
import { tour } from "./tour.ts";

/** The five steps, with a thing to do in each. */
export function Walk({ status, runs }: { readonly status: Status; readonly runs: readonly Run[] }) {
  return (
    <Section title="The five steps" note="What each does, what this store has of it, and where to see that.">
      <ol className="learn-steps">
        {tour.map(({ step, name, says, task, look, here }) => {
          const done = here(status, runs);
          return (
            <TourStep key={step} step={step} name={name} done={done !== null}>
              <p>{says}</p>
              <p className={done === null ? "muted" : "good"}>{done ?? "Not yet on this store."}</p>
              <p>
                {task} <Link href={look.href}>{look.text}</Link>
              </p>
            </TourStep>
          );
        })}
      </ol>
    </Section>
  );
}
