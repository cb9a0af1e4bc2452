import { useState } from "react";
import type { ModelVersion } from "../../api/answers.ts";
import { ask, type Refusal } from "../../api/request.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { addressOf, go, usePlace } from "../../navigation/location.ts";
import { bytes, count } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Command, Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Drift } from "./drift.tsx";
import { Quality } from "./quality.tsx";
import "./models-page.css";

export default function ModelsPage() {
  const { data, refusal, again } = useAnswer<{ models: readonly ModelVersion[] }>("/v1/models");
  return (
    <Page
      title="Models"
      lead="Each version with how good it was on time that it had not seen, with and without the store’s features, and how it does since."
    >
      {refusal !== null && <Refused refusal={refusal} again={again} />}
      {data === null && refusal === null && <Loading what="the registry" />}
      {data !== null && data.models.length === 0 && (
        <Empty title="No model has been trained yet.">
          <p>Define a model, load the history it learns from, then:</p>
          <Command>asof train MODEL</Command>
        </Empty>
      )}
      {data !== null && data.models.length > 0 && <Models models={data.models} again={again} />}
    </Page>
  );
}

function Models({ models, again }: { readonly models: readonly ModelVersion[]; readonly again: () => void }) {
  const { query } = usePlace();
  const { live } = useLive();
  const names = [...new Set(models.map(({ model }) => model))];
  const name = names.find((one) => one === query.get("model")) ?? names[0];
  const versions = models.filter(({ model }) => model === name);
  const chosen =
    versions.find(({ version }) => String(version) === query.get("version")) ??
    versions.find(({ promoted }) => promoted) ??
    versions.at(-1)!;
  const drift = live?.status.drift.find(({ model }) => model === name);
  return (
    <>
      {names.length > 1 && (
        <label className="field models-choice">
          <span>Model</span>
          <select value={name} onChange={({ target }) => go(addressOf("/models", { model: target.value }))}>
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      <Section title={`Versions of ${name}`}>
        <Versions versions={versions} chosen={chosen} again={again} />
      </Section>
      <Quality version={chosen} />
      {drift !== undefined && <Drift drift={drift} />}
    </>
  );
}

function Versions({
  versions,
  chosen,
  again,
}: {
  readonly versions: readonly ModelVersion[];
  readonly chosen: ModelVersion;
  readonly again: () => void;
}) {
  const [asked, setAsked] = useState<number | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const promote = async ({ model, version }: ModelVersion): Promise<void> => {
    try {
      await ask(`/v1/promote/${encodeURIComponent(model)}`, { body: { version } });
      setRefusal(null);
      again();
    } catch (error) {
      setRefusal(error as Refusal);
    }
    setAsked(null);
  };
  return (
    <>
      <ScrollTable label="Versions">
        <thead>
          <tr>
            <th>Version</th>
            <th>State</th>
            <th>Made</th>
            <th>Trained on</th>
            <th className="number">Examples</th>
            <th>Trainer</th>
            <th className="number">Size</th>
            <th>
              <span className="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.toReversed().map((one) => (
            <tr key={one.version} className={one === chosen ? "model-chosen" : undefined}>
              <th scope="row">
                <button
                  type="button"
                  className="plain"
                  aria-pressed={one === chosen}
                  onClick={() => go(addressOf("/models", { model: one.model, version: String(one.version) }), true)}
                >
                  Version {one.version}
                </button>
              </th>
              <td>
                {one.promoted ? <span className="tag tag-good">serves</span> : <span className="muted">kept</span>}
              </td>
              <td>
                <Moment at={one.createdAt} />
              </td>
              <td>
                <Moment at={one.trainingSet.from} /> to <br />
                <Moment at={one.trainingSet.until} />
              </td>
              <td className="number">{count(one.trainingSet.rows)}</td>
              <td>{one.trainer}</td>
              <td className="number">{bytes(one.bytes)}</td>
              <td className="number">
                {!one.promoted &&
                  (asked === one.version ? (
                    <span className="model-sure">
                      <button type="button" className="primary" onClick={() => void promote(one)}>
                        Yes, let version {one.version} serve
                      </button>
                      <button type="button" onClick={() => setAsked(null)}>
                        No
                      </button>
                    </span>
                  ) : (
                    <button type="button" onClick={() => setAsked(one.version)}>
                      {versions.some(({ promoted, version }) => promoted && version > one.version)
                        ? "Roll back to it"
                        : "Promote"}
                    </button>
                  ))}
              </td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      {refusal !== null && (
        <div className="model-refused">
          <Refused refusal={refusal} />
        </div>
      )}
    </>
  );
}
