import { useState } from "react";
import type { Run, Status } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { Link } from "../../navigation/link.tsx";
import { bytes, count } from "../../parts/figures.ts";
import { Command, Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Questions } from "./questions.tsx";
import { tour } from "./tour.ts";
import "./learn-page.css";

const ways = {
  walk: "Walk through it here",
  run: "Run it in a terminal",
} as const;

export default function LearnPage() {
  const { live } = useLive();
  const newest = live?.status.runs[0];
  const runs = useAnswer<{ runs: readonly Run[] }>(`/v1/runs?limit=1000#${newest?.id ?? ""}${newest?.state ?? ""}`);
  return (
    <Page title="Learn" lead="Why a feature store is two stores, in five steps, on the store that you have before you.">
      {runs.refusal !== null && <Refused refusal={runs.refusal} again={runs.again} />}
      {live === null && <Loading what="the store" />}
      {live !== null && (
        <>
          <Steps status={live.status} runs={runs.data?.runs ?? []} />
          <Questions status={live.status} runs={runs.data?.runs ?? []} />
          <Snapshot status={live.status} />
        </>
      )}
    </Page>
  );
}

function Steps({ status, runs }: { readonly status: Status; readonly runs: readonly Run[] }) {
  const [way, setWay] = useState<keyof typeof ways>("walk");
  return (
    <Section
      title="The five steps"
      aside={
        <div className="learn-ways" role="group" aria-label="How to go through the steps">
          {Object.entries(ways).map(([id, name]) => (
            <button key={id} type="button" aria-pressed={way === id} onClick={() => setWay(id as keyof typeof ways)}>
              {name}
            </button>
          ))}
        </div>
      }
    >
      <ol className="learn-steps">
        {tour.map(({ step, name, says, look, command, here }) => {
          const done = here(status, runs);
          return (
            <li key={step} className={done === null ? "learn-step" : "learn-step learn-done"}>
              <span className="learn-number" aria-hidden="true">
                {step}
              </span>
              <div>
                <h3>{name}</h3>
                <p>{says}</p>
                <p className={done === null ? "muted" : "good"}>{done ?? "Not yet on this store."}</p>
                {way === "walk" ? (
                  <p>
                    <Link href={look.href}>{look.text}</Link>
                  </p>
                ) : (
                  <Command>{command}</Command>
                )}
              </div>
            </li>
          );
        })}
      </ol>
      <p className="note">
        The <Link href="/">process table</Link> tells the same as what was recorded; the status tracker under it lets
        you look back at each moment.
      </p>
    </Section>
  );
}

/** The whole idea on one page. */
function Snapshot({ status }: { readonly status: Status }) {
  const rows = status.offline.sources.reduce((sum, source) => sum + source.rows, 0);
  const keys = status.views.reduce((sum, view) => sum + (view.onlineKeys ?? 0), 0);
  const lines = [
    ["Answers", "What was true at any moment?", "What is true now?"],
    ["Asked by", "training, audits, analysis", "your application, at each request"],
    ["Holds", "all of history, with two times for each record", "the present of each key"],
    [
      "Here",
      `${count(rows)} records, ${bytes(status.offline.bytes)}`,
      `${count(keys)} keys, ${bytes(status.online.bytes)}`,
    ],
    ["Good at", "millions of moments in minutes", "one moment in microseconds"],
    ["Cannot", "answer at once", "tell of the past"],
    ["Filled by", "loads, computations and the log’s archive", "materialization, then each event"],
    ["Agree", "to the last bit, for the same moment", "to the last bit, for the same moment"],
  ] as const;
  return (
    <Section title="On one page">
      <ScrollTable label="The two stores" fits>
        <thead>
          <tr>
            <th>
              <span className="visually-hidden">What</span>
            </th>
            <th className="offline">Offline store</th>
            <th className="online">Online store</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(([what, offline, online]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>{offline}</td>
              <td>{online}</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      <p className="learn-close">
        Two stores, because one question is about millions of past moments and the other about a single present one. One
        definition, so that both give the same answer. <Link href="/compare">See that they do</Link>
      </p>
    </Section>
  );
}
