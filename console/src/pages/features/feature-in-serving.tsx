import { useLive } from "../../live/live-stream.ts";
import { count, digits, NONE, share } from "../../parts/figures.ts";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Distribution } from "./distribution.tsx";

/** From here on a drift is commonly called notable, and from there on large. */
const NOTABLE = 0.1;
const LARGE = 0.25;

/** How a feature fares in what is served: nulls, what its view could not answer, drift from training. */
export function FeatureInServing({
  uses,
  models,
}: {
  readonly models: readonly { readonly model: string; readonly service: string }[];
  readonly uses: readonly { readonly service: string; readonly alias: string; readonly name: string }[];
}) {
  const { live } = useLive();
  if (live === null) return null;
  const { services, drift } = live.status;
  return (
    <Section
      title="In training and in serving"
      note="What models are served with, against what they were trained on. PSI, the population stability index, says how far it has drifted: little below 0.1, much from 0.25 on. “By chance” is what as many values without any drift would show; KS is the largest gap between the two distributions."
    >
      {uses.length === 0 ? (
        <p>No service uses it.</p>
      ) : (
        <ScrollTable label="In training and in serving">
          <thead>
            <tr>
              <th>As</th>
              <th>Service</th>
              <th className="number">Answers</th>
              <th className="number">Null, served</th>
              <th className="number">Null, trained</th>
              <th className="number">Expired</th>
              <th className="number">Not found</th>
              <th className="number">PSI</th>
              <th className="number">By chance</th>
              <th className="number">KS</th>
            </tr>
          </thead>
          <tbody>
            {uses.map(({ service, alias, name }) => {
              const rates = services.find((one) => one.service === service);
              const view = rates?.views.find((one) => one.view === alias);
              const found = drift.flatMap(({ features }) => features).find(({ feature }) => feature === name);
              const answers = rates?.answers ?? 0;
              return (
                <tr key={`${service} ${name}`}>
                  <th scope="row">{name}</th>
                  <td>{service}</td>
                  <td className="number">{count(answers)}</td>
                  <td className="number">{share(rates?.features[name] ?? 0, answers)}</td>
                  <td className="number">
                    {found === undefined ? NONE : share(found.trained.nulls, found.trained.rows)}
                  </td>
                  <td className="number">{share(view?.expired ?? 0, answers)}</td>
                  <td className="number">{share(view?.notFound ?? 0, answers)}</td>
                  <td className="number">
                    <Psi psi={found?.psi ?? null} />
                  </td>
                  <td className="number">
                    {found === undefined || found.chance === null ? NONE : digits(found.chance)}
                  </td>
                  <td className="number">{found === undefined || found.ks === null ? NONE : digits(found.ks)}</td>
                </tr>
              );
            })}
          </tbody>
        </ScrollTable>
      )}
      <div className="distributions">
        {uses.flatMap(({ service, name }) =>
          models
            .filter((model) => model.service === service)
            .map(({ model }) => <Distribution key={`${model} ${name}`} model={model} feature={name} />),
        )}
      </div>
    </Section>
  );
}

function Psi({ psi }: { readonly psi: number | null }) {
  if (psi === null) return NONE;
  if (psi >= LARGE) return <span className="bad">{digits(psi)}, large</span>;
  return psi >= NOTABLE ? `${digits(psi)}, notable` : digits(psi);
}
