import type { ModelVersion } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useLive } from "../../live/live-stream.ts";
import { addressOf, go, usePlace } from "../../navigation/location.ts";
import { Command, Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Drift } from "./drift.tsx";
import { Outcomes } from "./outcomes.tsx";
import { Quality } from "./quality.tsx";
import { Versions } from "./versions.tsx";
import "./models-page.css";

export default function ModelsPage() {
  const { data, refusal, again } = useAnswer<{ models: readonly ModelVersion[] }>("/v1/models");
  return (
    <Page
      title="Models"
      lead="How good each version was on time it had not seen, with and without the store’s features, and how it has done since."
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
      <Outcomes key={name} model={name} versions={versions} />
      {drift !== undefined && <Drift drift={drift} />}
    </>
  );
}
