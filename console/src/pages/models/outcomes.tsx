import { useEffect, useRef, useState } from "react";
import type { Comparison, Metrics, ModelVersion } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { count, countOf, digits, NONE, span } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Course } from "./course.tsx";
import { type MetricName, names } from "./metric-names.ts";

/** While records come in it is asked for anew, at the earliest after so many milliseconds. */
const EVERY = 1000;
/** A comparison reads history: so many times as long as one took is rested after it. */
const REST = 10;

const roles = { current: "serves", canary: "canary", shadow: "shadow" } as const;

/** How each version has done in its roles, by what has become known since it predicted. */
export function Outcomes({ model, versions }: { readonly model: string; readonly versions: readonly ModelVersion[] }) {
  // It is asked for anew as roles change.
  const state = versions.map(({ role, share }) => `${role} ${share}`).join();
  const { live } = useLive();
  const took = useRef(0);
  const end = useNowAndThen(live?.status.log.end ?? 0, () => Math.max(EVERY, REST * took.current));
  const path = `/v1/models/${encodeURIComponent(model)}/comparison`;
  const { data, refusal, loading, again } = useAnswer<Comparison>(`${path}#${end} ${state}`);
  useEffect(() => {
    if (!loading) return undefined;
    const began = performance.now();
    return () => {
      took.current = performance.now() - began;
    };
  }, [loading]);
  if (refusal !== null)
    return (
      <Section title="As outcomes come in">
        <Refused refusal={refusal} again={again} />
      </Section>
    );
  if (data === null)
    return (
      <Section title="As outcomes come in">
        <Loading what="what has become known" />
      </Section>
    );
  if (data.versions.length === 0)
    return (
      <Section title="As outcomes come in">
        <Empty title="No prediction has been logged yet.">
          <p>
            Each prediction is compared with what becomes known of it, in {data.source}, within {span(data.within)}.
          </p>
        </Empty>
      </Section>
    );
  const [first, second] = data.task === "classification" ? (["auc", "logLoss"] as const) : (["rmse", "mae"] as const);
  return (
    <Section
      title="As outcomes come in"
      note={
        <>
          {countOf(data.withOutcome, "outcome")} of {countOf(data.predictions, "logged prediction")}: what {data.source}{" "}
          says within {span(data.within)} of each, as known at <Moment at={data.t} />.
        </>
      }
    >
      <ScrollTable label="As outcomes come in">
        <thead>
          <tr>
            <th>Version</th>
            <th>Role</th>
            <th className="number">Predictions</th>
            <th className="number">With outcome</th>
            <th className="number">Waiting</th>
            <th className="number">{names[first][0]}</th>
            <th className="number">{names[second][0]}</th>
          </tr>
        </thead>
        <tbody>
          {data.versions.map((one) => (
            <tr key={`${one.version} ${one.role}`}>
              <th scope="row">Version {one.version}</th>
              <td>{roles[one.role]}</td>
              <td className="number">{count(one.predictions)}</td>
              <td className="number">{count(one.withOutcome)}</td>
              <td className="number">{count(one.waiting)}</td>
              {[first, second].map((metric) => (
                <td key={metric} className="number">
                  {figure(one.metrics, metric)}
                  {(one.standardErrors[metric] ?? null) !== null && (
                    <span className="muted"> ± {digits(one.standardErrors[metric]!)}</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      {data.versions
        .filter(({ role }) => role === "current")
        .slice(-1)
        .map(({ version, course }) => (
          <Course
            key={version}
            version={version}
            metric={first}
            course={course}
            heldOut={versions.find((one) => one.version === version)?.metrics ?? null}
          />
        ))}
      {data.trials.map((trial) => (
        <TrialResult
          key={`${trial.version} ${trial.role} ${trial.against.version} ${trial.against.role}`}
          trial={trial}
          metrics={[first, second]}
        />
      ))}
    </Section>
  );
}

function TrialResult({
  trial: { version, role, against, paired, predictions, withOutcome, apart, metrics, differences },
  metrics: compared,
}: {
  readonly trial: Comparison["trials"][number];
  readonly metrics: readonly MetricName[];
}) {
  const title = `Version ${version} (${roles[role]}) against version ${against.version} (${roles[against.role]})`;
  return (
    <div className="trial-result">
      <h3>{title}</h3>
      <p className="note">
        {paired
          ? `On the same ${countOf(predictions[0], "request")}${apart === null ? "" : `; predictions are ${digits(apart)} apart on average`}.`
          : `Over the same time: ${count(predictions[0])} and ${countOf(predictions[1], "prediction")}, of different keys.`}
        {(withOutcome[0] === 0 || withOutcome[1] === 0) && " No outcomes of both are known yet."}
      </p>
      {withOutcome[0] > 0 && withOutcome[1] > 0 && (
        <ScrollTable label={title}>
          <thead>
            <tr>
              <th>Metric</th>
              <th className="number">Version {version}</th>
              <th className="number">Version {against.version}</th>
              <th className="number">Difference</th>
              <th className="number">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {compared.map((metric) => {
              const found = differences[metric];
              const [name, better] = names[metric];
              return (
                <tr key={metric}>
                  <th scope="row">
                    {name} <span className="muted">{better === "higher" ? "↑" : "↓"}</span>
                    <span className="visually-hidden">, {better} is better</span>
                  </th>
                  <td className="number">{figure(metrics[0], metric)}</td>
                  <td className="number">{figure(metrics[1], metric)}</td>
                  <td className="number">{found === undefined ? NONE : signed(found.difference)}</td>
                  <td className="number">
                    {found === undefined || found.low === null || found.high === null
                      ? NONE
                      : `${signed(found.low)} to ${signed(found.high)}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </ScrollTable>
      )}
    </div>
  );
}

function figure(metrics: Metrics | null, name: MetricName): string {
  const value = metrics === null ? null : (metrics as Partial<Record<MetricName, number | null>>)[name];
  return value === null || value === undefined ? NONE : digits(value);
}

function signed(value: number): string {
  return value === 0 ? "0" : `${value > 0 ? "+" : "−"}${digits(Math.abs(value))}`;
}

/** A value that changes often, taken up now and then: at once where the last time is long enough ago. */
function useNowAndThen<T>(value: T, every: () => number): T {
  const [taken, setTaken] = useState({ value, at: -Infinity });
  const latest = useRef(value);
  const apart = useRef(every);
  const changed = taken.value !== value;
  useEffect(() => {
    latest.current = value;
  }, [value]);
  useEffect(() => {
    if (!changed) return undefined;
    const wait = Math.max(0, taken.at + apart.current() - performance.now());
    const timer = setTimeout(() => setTaken({ value: latest.current, at: performance.now() }), wait);
    return () => clearTimeout(timer);
  }, [changed, taken.at]);
  return taken.value;
}
