import { Fragment, useState } from "react";
import type { FeatureAnswer, Value } from "../../api/answers.ts";
import { useLive } from "../../live/live-stream.ts";
import { countOf } from "../../parts/figures.ts";
import { keysOf, type Service, type Use } from "../../parts/inputs.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { sameValue, ShownValue } from "../../parts/value.tsx";
import { Explained } from "../../parts/explained/explained.tsx";
import { useClock } from "../../times/zone.ts";
import "./side-by-side.css";

interface Shown {
  readonly service: Service;
  readonly row: Readonly<Record<string, Value>>;
  readonly online: FeatureAnswer;
  /** Of history, for the moment of the online answer. */
  readonly offline: FeatureAnswer;
  /** Of history, for the moment that the person chose. */
  readonly past: FeatureAnswer | null;
  readonly again: () => void;
}

/** What both stores say of one entity, feature by feature. */
export function SideBySide({ service, row, online, offline, past, again }: Shown) {
  const [open, setOpen] = useState<string | null>(null);
  const clock = useClock();
  const groups = service.uses.map((use) => ({ use, features: namesOf(use, online) }));
  const names = groups.flatMap(({ features }) => features);
  const different = names.filter((name) => !sameValue(online.values[name], offline.values[name]));
  const times = service.uses.filter(
    ({ alias }) =>
      online.eventTimes[alias] !== offline.eventTimes[alias] || online.statuses[alias] !== offline.statuses[alias],
  );
  const stale = new Set(
    useLive()
      .live?.status.views.filter((view) => view.stale)
      .map(({ name }) => name),
  );
  const behind = [...new Set(service.uses.map(({ view }) => view))].filter((view) => stale.has(view));
  const unknown = service.uses.filter(
    ({ alias }) => alias in online.loads && online.eventTimes[alias] === null && offline.eventTimes[alias] === null,
  );
  return (
    <Section
      title="Side by side"
      note={
        <>
          As of <Moment at={online.t} exact />, the moment of the online answer.
        </>
      }
      aside={
        <button type="button" onClick={again}>
          Ask again
        </button>
      }
    >
      <Verdict compared={names.length} different={different.length + times.length} />
      {behind.length > 0 && (
        <p className="side-note">
          The online store has yet to take up newer loads of {list(behind)}: <code>asof materialize</code>. Until then
          the two may differ.
        </p>
      )}
      {unknown.length > 0 && (
        <p className="side-note">
          Neither store has anything of this key for {list(unknown.map(({ alias }) => alias))}: its windows are empty,
          counts are 0 and the rest is null. Is the key right?
        </p>
      )}
      <ScrollTable label="Features in both stores" stacks>
        <thead>
          <tr>
            <th>Feature</th>
            {past !== null && (
              <th className="offline">
                Offline
                <span className="side-at">{clock(past.t, true)}</span>
              </th>
            )}
            <th className="offline">
              Offline<span className="side-at">history, as of the same moment</span>
            </th>
            <th className="online">
              Online<span className="side-at">now</span>
            </th>
            <th>Bit for bit</th>
            <th>
              <span className="visually-hidden">Explain</span>
            </th>
          </tr>
        </thead>
        {groups.map(({ use, features }) => (
          <tbody key={use.alias}>
            <Group use={use} online={online} offline={offline} past={past} />
            {features.map((name) => {
              const same = sameValue(online.values[name], offline.values[name]);
              return (
                <Fragment key={name}>
                  <tr className={same ? undefined : "side-different"}>
                    <th scope="row">{name.slice(use.alias.length + 2)}</th>
                    {past !== null && (
                      <td data-column="Offline, then">
                        <ShownValue value={past.values[name]} />
                      </td>
                    )}
                    <td data-column="Offline">
                      <ShownValue value={offline.values[name]} />
                    </td>
                    <td data-column="Online">
                      <ShownValue value={online.values[name]} />
                    </td>
                    <td>
                      <Same same={same} />
                    </td>
                    <td className="number">
                      <button
                        type="button"
                        className="plain"
                        aria-expanded={open === name}
                        aria-label={open === name ? `Close ${name}` : `Explain ${name}`}
                        onClick={() => setOpen(open === name ? null : name)}
                      >
                        {open === name ? "Close" : "Explain"}
                      </button>
                    </td>
                  </tr>
                  {open === name && (
                    <tr className="side-explained">
                      <td colSpan={past === null ? 5 : 6}>
                        <Explained
                          view={use.view}
                          feature={name.slice(use.alias.length + 2)}
                          keys={keysOf(use, row)}
                          at={past?.t ?? null}
                        />
                      </td>
                    </tr>
                  )}
                </Fragment>
              );
            })}
          </tbody>
        ))}
      </ScrollTable>
    </Section>
  );
}

function namesOf({ alias }: Use, { values }: FeatureAnswer): readonly string[] {
  return Object.keys(values).filter((name) => name.startsWith(`${alias}__`));
}

function Verdict({ compared, different }: { readonly compared: number; readonly different: number }) {
  return (
    <p className={different === 0 ? "verdict verdict-same" : "verdict verdict-different"} role="status">
      {different === 0
        ? `All ${countOf(compared, "value")} are the same in both stores, bit for bit; so are their statuses and event times.`
        : `${countOf(different, "value")} or event times of ${compared} differ between the stores.`}
    </p>
  );
}

/** What a view says as a whole: its status and its newest event, in both stores. */
function Group({
  use,
  online,
  offline,
  past,
}: {
  readonly use: Use;
  readonly online: FeatureAnswer;
  readonly offline: FeatureAnswer;
  readonly past: FeatureAnswer | null;
}) {
  const same =
    online.statuses[use.alias] === offline.statuses[use.alias] &&
    online.eventTimes[use.alias] === offline.eventTimes[use.alias];
  return (
    <tr className="side-group">
      <th scope="rowgroup">
        {use.alias}
        {use.alias !== use.view && <span className="side-view">of {use.view}</span>}
      </th>
      {[
        ...(past === null ? [] : [["Offline, then", past] as const]),
        ["Offline", offline] as const,
        ["Online", online] as const,
      ].map(([column, answer]) => (
        <td key={column} data-column={column}>
          <StatusOf answer={answer} alias={use.alias} />
        </td>
      ))}
      <td>
        <Same same={same} />
      </td>
      <td />
    </tr>
  );
}

function StatusOf({ answer, alias }: { readonly answer: FeatureAnswer; readonly alias: string }) {
  const status = answer.statuses[alias];
  const event = answer.eventTimes[alias];
  return (
    <>
      {status !== "PRESENT" && <span className="tag tag-bad">{status}</span>}{" "}
      {event === null ? (
        <span className="muted">{alias in answer.loads ? "no event" : "computed at the request"}</span>
      ) : (
        <Moment at={event} exact />
      )}
    </>
  );
}

function Same({ same }: { readonly same: boolean }) {
  return same ? <span className="good">✓ same</span> : <span className="tag tag-bad">different</span>;
}

function list(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}
