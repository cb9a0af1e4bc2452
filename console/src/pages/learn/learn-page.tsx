import type { Live, Run } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { addressOf, go, usePlace } from "../../navigation/location.ts";
import { Loading, Refused } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { ProcessTable } from "../flow/process-table.tsx";
import { StatusTracker } from "../flow/status-tracker.tsx";
import { Insights } from "./insights.tsx";
import { Questions } from "./questions.tsx";
import { Sample } from "./sample.tsx";
import { SlowStore } from "./slow-store.tsx";
import { Snapshot } from "./snapshot.tsx";
import { Walk } from "./walk.tsx";
import "./learn-page.css";

/** The same story, told so that each may choose how he learns best. */
const ways = [
  { id: "walk", name: "Walk through the flow", says: "five steps, a thing to do in each" },
  { id: "sample", name: "Run the sample", says: "five commands in a terminal" },
  { id: "process", name: "Read the process table", says: "who does what, where, what for" },
  { id: "tracker", name: "Watch the status tracker", says: "what there is after each step" },
  { id: "questions", name: "Try the questions", says: "checked against this store" },
  { id: "slow", name: "Slow a store down", says: "and see what waits for it" },
] as const;

type Way = (typeof ways)[number]["id"];

export default function LearnPage() {
  const { live } = useLive();
  const { query } = usePlace();
  const newest = live?.status.runs[0];
  const runs = useAnswer<{ runs: readonly Run[] }>(`/v1/runs?limit=1000#${newest?.id ?? ""}${newest?.state ?? ""}`);
  const way = ways.find(({ id }) => id === query.get("way"))?.id ?? "walk";
  return (
    <Page title="Learn" lead="Why a feature store is two stores, in five steps, on the store that you have before you.">
      {runs.refusal !== null && <Refused refusal={runs.refusal} again={runs.again} />}
      {live === null && <Loading what="the store" />}
      {live !== null && (
        <>
          <div className="learn-ways" role="group" aria-label="Ways to learn it">
            {ways.map(({ id, name, says }) => (
              <button
                key={id}
                type="button"
                aria-pressed={way === id}
                onClick={() => go(addressOf("/learn", { way: id }), true)}
              >
                <strong>{name}</strong>
                <span>{says}</span>
              </button>
            ))}
          </div>
          <Told way={way} live={live} runs={runs.data?.runs ?? []} />
          <Insights status={live.status} />
          <Snapshot status={live.status} />
        </>
      )}
    </Page>
  );
}

function Told({ way, live, runs }: { readonly way: Way; readonly live: Live; readonly runs: readonly Run[] }) {
  const { status } = live;
  switch (way) {
    case "walk":
      return <Walk status={status} runs={runs} />;
    case "sample":
      return <Sample status={status} runs={runs} />;
    case "process":
      return <ProcessTable runs={runs} live={live} />;
    case "tracker":
      return <StatusTracker runs={runs} status={status} />;
    case "questions":
      return <Questions status={status} runs={runs} />;
    case "slow":
      return <SlowStore runs={runs} underWay={status.runs} />;
  }
}
