import { useMemo } from "react";
import type { CatalogEntry, FeaturesAnswer } from "../../api/answers.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { addressOf, go, usePlace } from "../../navigation/location.ts";
import { useCatalog } from "../../parts/catalog.ts";
import { rowOf, type Service, servicesOf, type Texts } from "../../parts/inputs.ts";
import { InputsForm } from "../../parts/inputs-form.tsx";
import { Command, Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { LatestAudit } from "./latest-audit.tsx";
import { SideBySide } from "./side-by-side.tsx";

export default function ComparePage() {
  const catalog = useCatalog();
  return (
    <Page
      title="Compare"
      lead="Ask both stores the same question. Online answers as of now; offline, history is asked about that very moment. The two must agree to the last bit."
    >
      {catalog.refusal !== null && <Refused refusal={catalog.refusal} again={catalog.again} />}
      {catalog.loading && catalog.data === null && <Loading what="the definitions" />}
      {catalog.data !== null && <Asked catalog={catalog.data.definitions} />}
      <LatestAudit />
    </Page>
  );
}

function Asked({ catalog }: { readonly catalog: readonly CatalogEntry[] }) {
  const { query } = usePlace();
  const services = servicesOf(catalog);
  const service = services.find(({ name }) => name === query.get("service")) ?? services[0];
  const given = query.get("row");
  const texts = useMemo(() => readTexts(given), [given]);
  const at = query.get("at") ?? "";
  if (service === undefined)
    return (
      <Empty title="The definitions have no feature service.">
        <p>A service names the features that are asked for together. Define one, then:</p>
        <Command>asof apply</Command>
      </Empty>
    );
  return (
    <>
      <InputsForm
        key={service.name}
        service={service}
        catalog={catalog}
        given={texts}
        verb="Compare"
        onAsk={(asked) => {
          const moment = document.querySelector<HTMLInputElement>("#compare-at")!.value.trim();
          go(addressOf("/compare", { service: service.name, row: JSON.stringify(asked), at: moment }));
        }}
        before={
          <label className="field">
            <span>Service</span>
            <select
              value={service.name}
              onChange={({ target }) => go(addressOf("/compare", { service: target.value }))}
            >
              {services.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        }
        after={
          <label className="field">
            <span>
              Also as of, <span className="hint">optional</span>
            </span>
            <input id="compare-at" key={at} defaultValue={at} placeholder="2001-06-28T12:00:00Z" spellCheck={false} />
          </label>
        }
      />
      {given !== null && <Answers service={service} texts={texts} at={at === "" ? null : at} />}
    </>
  );
}

function readTexts(given: string | null): Texts {
  try {
    const parsed: unknown = JSON.parse(given ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Texts) : {};
  } catch {
    return {};
  }
}

function Answers({
  service,
  texts,
  at,
}: {
  readonly service: Service;
  readonly texts: Texts;
  readonly at: string | null;
}) {
  const row = rowOf(service, texts);
  const path = `/v1/features/${encodeURIComponent(service.name)}`;
  const online = useAnswer<FeaturesAnswer>(path, { entities: [row] });
  const t = online.data?.results[0].t ?? null;
  const offline = useAnswer<FeaturesAnswer>(t === null ? null : path, { entities: [row], at: t });
  const past = useAnswer<FeaturesAnswer>(at === null ? null : path, { entities: [row], at });
  const refusal = online.refusal ?? offline.refusal ?? past.refusal;
  if (refusal !== null)
    return (
      <div className="answers">
        <Refused refusal={refusal} again={online.again} />
      </div>
    );
  const answers = [online, offline, ...(at === null ? [] : [past])];
  if (answers.some(({ data }) => data === null)) return <Loading what="both stores" />;
  return (
    <SideBySide
      service={service}
      row={row}
      online={online.data!.results[0]}
      offline={offline.data!.results[0]}
      past={past.data?.results[0] ?? null}
      again={online.again}
    />
  );
}
