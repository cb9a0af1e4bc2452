import type { Value } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useClock } from "../../times/zone.ts";
import { count, countOf, span } from "../figures.ts";
import { Moment } from "../moment.tsx";
import { Loading, Refused } from "../notice.tsx";
import { ScrollTable } from "../scroll-table.tsx";
import { bitsOf, ShownValue, textOf } from "../value.tsx";
import { WindowDiagram } from "../window-diagram.tsx";
import type { ExplainedWindow, Explanation, Version } from "./explanation.ts";
import "./explained.css";

/** What is behind one value: the window, its tiles and records, or the rows that were computed. */
export function Explained({
  view,
  feature,
  keys,
  at,
}: {
  readonly view: string;
  readonly feature: string;
  readonly keys: Readonly<Record<string, Value>>;
  /** Null for now. */
  readonly at: string | null;
}) {
  const { data, refusal, again } = useAnswer<Explanation>("/v1/explain", {
    feature: `${view}.${feature}`,
    keys,
    ...(at !== null && { at }),
  });
  if (refusal !== null)
    return (
      <div className="explained">
        <Refused refusal={refusal} again={again} />
      </div>
    );
  if (data === null)
    return (
      <div className="explained">
        <Loading what="what is behind it" />
      </div>
    );
  const bits = bitsOf(data.value);
  return (
    <div className="explained">
      <div className="explained-head">
        <p>
          {data.kind === "aggregateView" && data.words}
          {data.kind === "batchView" && "A column of the batch view’s newest row for the key."}
          {data.kind === "onDemandView" && "Computed from the request alone, by the same code in training and serving."}
        </p>
        <dl className="explained-checks">
          <div>
            <dt>As of</dt>
            <dd>
              <Moment at={data.t} exact />
            </dd>
          </div>
          <div>
            <dt>Value</dt>
            <dd>
              <ShownValue value={data.value} />
              {bits !== null && <span className="explained-bits"> bits {bits}</span>}
            </dd>
          </div>
          <div>
            <dt>From what is listed here</dt>
            <dd>
              {data.check.equal ? (
                <span className="good">✓ the same</span>
              ) : (
                <span className="bad">{textOf(data.check.explained)}</span>
              )}
            </dd>
          </div>
          <div>
            <dt>Online store now</dt>
            <dd>
              {data.online.state === "equal" && <span className="good">✓ what history gives</span>}
              {data.online.state === "different" && (
                <span className="bad">
                  {textOf(data.online.value)}, history gives {textOf(data.online.history.value)}
                </span>
              )}
              {data.online.state === "absent" && <span className="muted">{data.online.why}</span>}
            </dd>
          </div>
        </dl>
      </div>
      {data.kind === "aggregateView" &&
        data.windows
          .slice(0, 3)
          .map((window, i) => (
            <Window key={i} window={window} t={data.t} influence={data.influence} source={data.source} />
          ))}
      {data.kind === "aggregateView" && data.windows.length > 3 && (
        <p className="muted">and {countOf(data.windows.length - 3, "older window")} of the series</p>
      )}
      {data.kind === "batchView" && (
        <Versions read={data.read} others={data.others} more={data.more} expires={data.expires} sql={data.sql} />
      )}
      {data.kind === "onDemandView" && (
        <pre className="command">
          <code>{data.code}</code>
        </pre>
      )}
    </div>
  );
}

function Window({
  window,
  t,
  influence,
  source,
}: {
  readonly window: ExplainedWindow;
  readonly t: string;
  readonly influence: string;
  readonly source: string;
}) {
  const { records, tiles, contributions, more } = window;
  const left = [
    [records.filtered, "left out by the condition"],
    [records.empty, "without a value"],
    [records.notYetAvailable, "not available yet at that moment"],
    [records.notYetHappened, "of later than that moment"],
    [records.withdrawn, "withdrawn"],
  ] as const;
  const names = Object.keys(contributions[0]?.fields ?? {});
  return (
    <div className="explained-window">
      <WindowDiagram
        start={window.start}
        end={window.end}
        t={t}
        hop={tiles.hop}
        tiles={tiles.largest}
        records={contributions}
      />
      <p>
        <strong>{countOf(records.counted, "record")} counted</strong> of {source}
        {tiles.hop !== null &&
          `, in ${count(tiles.filled)} of ${tiles.spanned === null ? "all" : count(tiles.spanned)} tiles of ${span(tiles.hop)}`}
        : {count(records.loaded)} from loads, {count(records.streamed)} from the stream.
        {records.late > 0 && ` ${count(records.late)} became available after their tile had ended.`}
        {left.filter(([n]) => n > 0).map(([n, why]) => ` ${count(n)} ${why}.`)}
      </p>
      {contributions.length > 0 && (
        <ScrollTable label={`Records by ${influence}`}>
          <thead>
            <tr>
              <th>Event time</th>
              <th>Available time</th>
              <th>Counts as</th>
              {names.map((name) => (
                <th key={name}>{name}</th>
              ))}
              <th>Came by</th>
              <th className="number">Log position</th>
            </tr>
          </thead>
          <tbody>
            {contributions.map((one, i) => (
              <tr key={i}>
                <td>
                  <Moment at={one.event} exact />
                </td>
                <td>
                  <Moment at={one.available} exact />
                </td>
                <td>
                  <ShownValue value={one.argument} />
                </td>
                {names.map((name) => (
                  <td key={name}>
                    <ShownValue value={one.fields[name]} />
                  </td>
                ))}
                <td>{one.origin}</td>
                <td className="number">{count(one.position)}</td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
      {more > 0 && (
        <p className="muted">
          and {countOf(more, "more record")}. Listed in the order of {influence}.
        </p>
      )}
    </div>
  );
}

function Versions({
  read,
  others,
  more,
  expires,
  sql,
}: {
  readonly read: Version | null;
  readonly others: readonly Version[];
  readonly more: number;
  readonly expires: string | null;
  readonly sql: string;
}) {
  const clock = useClock();
  const all = read === null ? others : [read, ...others];
  return (
    <>
      {all.length === 0 ? (
        <p>History has no row for this key.</p>
      ) : (
        <ScrollTable label="Versions of the row">
          <thead>
            <tr>
              <th>State</th>
              <th>End of what it covers</th>
              <th>Available time</th>
              <th>Value</th>
              <th>Computed by</th>
            </tr>
          </thead>
          <tbody>
            {all.map((one, i) => (
              <tr key={i}>
                <th scope="row">{one.state}</th>
                <td>
                  <Moment at={one.event} />
                </td>
                <td>
                  <Moment at={one.available} exact />
                </td>
                <td>
                  <ShownValue value={one.value} />
                </td>
                <td>
                  {one.run === null ? (
                    <span className="muted">unknown</span>
                  ) : (
                    `run ${one.run.id}${one.run.backfill ? ", backfill" : ""}`
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
      <p className="muted">
        {more > 0 && `and ${countOf(more, "other version")}. `}
        {expires !== null && `The row read is served until ${clock(expires, true)}.`}
      </p>
      <pre className="command">
        <code>{sql.replace(/^\n/, "").replace(/^ {4}/gm, "")}</code>
      </pre>
    </>
  );
}
