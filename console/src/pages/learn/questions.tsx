import { useState } from "react";
import type { Run, Status } from "../../api/answers.ts";
import { Section } from "../../parts/page.tsx";
import { questions } from "./the-questions.ts";

/** Questions whose answers are looked up in the store's own records. */
export function Questions({ status, runs }: { readonly status: Status; readonly runs: readonly Run[] }) {
  const [chosen, setChosen] = useState<Readonly<Record<string, number>>>({});
  return (
    <Section title="Questions" note="Choose an answer: it is checked against what this store has recorded.">
      <div className="learn-questions">
        {questions.map(({ id, asks, choices, truth }) => {
          const found = truth(status, runs);
          const mine = chosen[id];
          return (
            <fieldset key={id} className="panel">
              <legend>{asks}</legend>
              {choices.map((choice, i) => (
                <label key={choice} className="learn-choice">
                  <input
                    type="radio"
                    name={id}
                    checked={mine === i}
                    onChange={() => setChosen({ ...chosen, [id]: i })}
                  />
                  <span>{choice}</span>
                </label>
              ))}
              <p role="status" className="learn-verdict">
                {mine !== undefined &&
                  (found === null ? (
                    "This store has not come that far: nothing is on record yet."
                  ) : (
                    <>
                      <strong className={found.choice === mine ? "good" : "bad"}>
                        {found.choice === mine ? "Right. " : "Not so. "}
                      </strong>
                      {found.because}
                    </>
                  ))}
              </p>
            </fieldset>
          );
        })}
      </div>
    </Section>
  );
}
