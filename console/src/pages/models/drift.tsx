import type { ModelDrift } from "../../api/answers.ts";
import { count, countOf, digits, NONE, share } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";

/** A bar is as long as this at the most, in pixels, for an index of one half or more. */
const BAR = 90;

/** The features that have drifted the most first. */
export function Drift({ drift }: { readonly drift: ModelDrift }) {
  const features = drift.features.toSorted((a, b) => (b.psi ?? 0) - (a.psi ?? 0));
  return (
    <Section
      title="Drift"
      note={
        <>
          What version {drift.version} was served with in {countOf(drift.predictions, "prediction")} since{" "}
          <Moment at={drift.since} />, against what it was trained on. PSI, the population stability index, says how
          far: little below 0.1, much from 0.25 on. “By chance” is what as many values without any drift would show; KS
          is the largest gap between the two distributions.
        </>
      }
    >
      <ScrollTable label="Drift of features">
        <thead>
          <tr>
            <th>Feature</th>
            <th>PSI</th>
            <th className="number">By chance</th>
            <th className="number">KS</th>
            <th className="number">Null, trained</th>
            <th className="number">Null, served</th>
            <th className="number">Served</th>
          </tr>
        </thead>
        <tbody>
          {features.slice(0, 12).map(({ feature, psi, chance, ks, trained, served }) => (
            <tr key={feature}>
              <th scope="row">{feature}</th>
              <td className="drift-psi">
                {psi === null ? (
                  NONE
                ) : (
                  <>
                    <span
                      className={psi >= 0.25 ? "drift-bar drift-bar-large" : "drift-bar"}
                      style={{ width: Math.min(1, psi / 0.5) * BAR }}
                    />{" "}
                    {digits(psi)}
                  </>
                )}
              </td>
              <td className="number">{chance === null ? NONE : digits(chance)}</td>
              <td className="number">{ks === null ? NONE : digits(ks)}</td>
              <td className="number">{share(trained.nulls, trained.rows)}</td>
              <td className="number">{share(served.nulls, served.rows)}</td>
              <td className="number">{count(served.rows)}</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      {features.length > 12 && <p className="note">and {countOf(features.length - 12, "feature")} that drifted less</p>}
    </Section>
  );
}
