import { useState } from "react";
import type { HeldOutFindings } from "../../api/answers.ts";
import { count, digits, NONE } from "../../parts/figures.ts";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { names } from "./metric-names.ts";
import "./importance.css";

const SHOWN = 12;
/** Which features a version goes by. */
export function Importance({
  version,
  importance,
}: {
  readonly version: number;
  readonly importance: NonNullable<HeldOutFindings["importance"]>;
}) {
  const [all, setAll] = useState(false);
  const { metric, value, rows, features } = importance;
  const most = Math.max(...features.map(({ worse }) => worse), Number.MIN_VALUE);
  const shown = all ? features : features.slice(0, SHOWN);
  const change = metric === "auc" ? "AUC lost" : `${names[metric][0]} added`;
  return (
    <Section
      title={`What version ${version} goes by`}
      note={`How much worse it is on ${count(rows)} held-out examples where a feature’s values are shuffled among them; its ${names[metric][0]} with all as they are is ${digits(value)}. Features that say the same stand in for one another, and each then seems to matter little.`}
    >
      <div className="importance">
        <ScrollTable label="Importance of features" fits>
          <thead>
            <tr>
              <th>Feature</th>
              <th className="importance-bars">
                <span className="visually-hidden">As a bar</span>
              </th>
              <th className="number">{change}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ feature, worse, standardError }) => (
              <tr key={feature}>
                <th scope="row">{feature}</th>
                <td className="importance-bars">
                  <span className="importance-bar" style={{ width: `${Math.max(0, worse / most) * 100}%` }} />
                </td>
                <td className="number">
                  {signed(worse)}
                  <span className="muted"> ± {standardError === null ? NONE : standardError.toFixed(4)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      </div>
      {features.length > SHOWN && (
        <p className="note">
          <button type="button" className="plain" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? `Only the first ${SHOWN}` : `All ${count(features.length)} features`}
          </button>
        </p>
      )}
    </Section>
  );
}

function signed(worse: number): string {
  const text = Math.abs(worse).toFixed(4);
  return worse < 0 && Number(text) !== 0 ? `−${text}` : text;
}
