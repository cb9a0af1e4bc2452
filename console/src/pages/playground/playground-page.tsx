import { useMemo, useState } from "react";
import type { CatalogEntry } from "../../api/answers.ts";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { useMay } from "../../api/access.tsx";
import { askTimed } from "../../api/ask.ts";
import { addressOf, go, usePlace } from "../../navigation/location.ts";
import { useCatalog } from "../../parts/catalog.ts";
import { digits } from "../../parts/figures.ts";
import { rowOf, type Texts } from "../../parts/inputs.ts";
import { InputsForm } from "../../parts/inputs-form.tsx";
import { Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { ShownValue } from "../../parts/value.tsx";
import type { FeatureAnswer, Value } from "../../api/answers.ts";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Moment } from "../../parts/moment.tsx";
import { durationsIn } from "../../parts/server-timing.ts";
import { type Target, targetsOf } from "../../parts/targets.ts";
import { type Latency, LatencySplit } from "./latency.tsx";
import { RequestText } from "./request-text.tsx";
import "./playground-page.css";

export default function PlaygroundPage() {
  const catalog = useCatalog();
  return (
    <Page
      title="Playground"
      lead="Ask for features and predictions as your application would, and take the request with you."
    >
      {catalog.refusal !== null && <Refused refusal={catalog.refusal} again={catalog.again} />}
      {catalog.data === null && catalog.refusal === null && <Loading what="the definitions" />}
      {catalog.data !== null && <Asking catalog={catalog.data.definitions} />}
    </Page>
  );
}

interface Result {
  readonly features: FeatureAnswer;
  readonly prediction: number | null;
  readonly version: number | null;
  readonly id: string | null;
  readonly latency: Latency;
}

function Asking({ catalog }: { readonly catalog: readonly CatalogEntry[] }) {
  const { query } = usePlace();
  const mayPredict = useMay("predict");
  const targets = useMemo(
    () => targetsOf(catalog).filter(({ model }) => model === null || mayPredict),
    [catalog, mayPredict],
  );
  const target = targets.find(({ id }) => id === query.get("ask")) ?? targets[0];
  const [row, setRow] = useState<Readonly<Record<string, Value>> | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const nothing = useMemo((): Texts => ({}), []);
  if (target === undefined)
    return (
      <Empty title="There is nothing to ask for yet.">
        <p>The definitions have no feature service and no model.</p>
      </Empty>
    );
  const sendIt = async (texts: Texts): Promise<void> => {
    const asked = rowOf(target.service, texts);
    setRow(asked);
    try {
      setResult(await resultOf(target, asked));
      setRefusal(null);
    } catch (error) {
      setResult(null);
      setRefusal(error as ClientError);
    }
  };
  return (
    <>
      <InputsForm
        key={target.id}
        service={target.service}
        catalog={catalog}
        given={nothing}
        verb="Send"
        onAsk={(texts) => void sendIt(texts)}
        before={
          <label className="field field-wide">
            <span>Ask for</span>
            <select
              value={target.id}
              onChange={({ target: { value } }) => {
                setResult(null);
                setRefusal(null);
                setRow(null);
                go(addressOf("/playground", { ask: value }), true);
              }}
            >
              {targets.map(({ id, model, service }) => (
                <option key={id} value={id}>
                  {model === null ? `features of ${service.name}` : `predictions of ${model}`}
                </option>
              ))}
            </select>
          </label>
        }
      />
      {refusal !== null && (
        <div className="playground-refused">
          <Refused refusal={refusal} />
        </div>
      )}
      {result !== null && <Answered result={result} />}
      {row !== null && (
        <RequestText
          path={target.path}
          row={row}
          call={target.model === null ? "features" : "predict"}
          name={target.model ?? target.service.name}
        />
      )}
    </>
  );
}

async function resultOf({ path, model }: Target, row: Readonly<Record<string, Value>>): Promise<Result> {
  const began = performance.now();
  const { answer, timing } = await askTimed(`${path}?timing=true`, { entities: [row] });
  const latency = { took: performance.now() - began, server: durationsIn(timing) };
  const [result] = (answer as { results: readonly unknown[] }).results;
  if (model === null) return { features: result as FeatureAnswer, prediction: null, version: null, id: null, latency };
  const predicted = result as { features: FeatureAnswer; prediction: number; version: number; id: string };
  return { ...predicted, latency };
}

function Answered({ result: { features, prediction, version, id, latency } }: { readonly result: Result }) {
  return (
    <Section
      title="Answer"
      note={
        <>
          As of <Moment at={features.t} exact />
          {id !== null && (
            <>
              , logged as <code>{id}</code>
            </>
          )}
        </>
      }
    >
      <LatencySplit latency={latency}>
        {prediction !== null && (
          <div>
            <dt>Prediction of version {version}</dt>
            <dd className="figure-large">{digits(prediction)}</dd>
            <dd className="value muted">{prediction}</dd>
          </div>
        )}
      </LatencySplit>
      <ScrollTable label="Features of the answer">
        <thead>
          <tr>
            <th>Feature</th>
            <th>Value</th>
            <th>Status</th>
            <th>Newest event</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(features.values).map(([name, value]) => {
            const alias = name.slice(0, name.indexOf("__"));
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <ShownValue value={value} />
                </td>
                <td>{features.statuses[alias]}</td>
                <td>
                  <Moment at={features.eventTimes[alias] ?? null} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </ScrollTable>
    </Section>
  );
}
