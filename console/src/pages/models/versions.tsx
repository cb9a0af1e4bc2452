import { useState } from "react";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { useMay } from "../../api/access.tsx";
import type { Metrics, ModelVersion } from "../../api/answers.ts";
import { ask } from "../../api/ask.ts";
import { addressOf, go } from "../../navigation/location.ts";
import { bytes, count, digits, NONE } from "../../parts/figures.ts";
import { Moment } from "../../parts/moment.tsx";
import { Refused } from "../../parts/notice.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { Trial, type TrialWish } from "./trial.tsx";

/** What the person has begun and not confirmed yet, of which version. */
interface Begun {
  readonly what: "promote" | "trial";
  readonly version: number;
}

/** The versions of a model and what each does; who administers the store changes that here. */
export function Versions({
  versions,
  chosen,
  again,
}: {
  readonly versions: readonly ModelVersion[];
  readonly chosen: ModelVersion;
  readonly again: () => void;
}) {
  const mayAdminister = useMay("admin");
  const [begun, setBegun] = useState<Begun | null>(null);
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const { model } = chosen;
  const change = async (verb: "promote" | "demote", body: object): Promise<void> => {
    try {
      await ask(`/v1/${verb}/${encodeURIComponent(model)}`, { body });
      setRefusal(null);
      again();
    } catch (error) {
      setRefusal(error as ClientError);
    }
    setBegun(null);
  };
  const serving = versions.find(({ promoted }) => promoted)?.version ?? 0;
  const tried =
    mayAdminister && begun?.what === "trial" ? versions.find(({ version }) => version === begun.version) : undefined;
  const metric = chosen.metrics.task === "regression" ? "RMSE" : "AUC";
  return (
    <>
      <ScrollTable label="Versions">
        <thead>
          <tr>
            <th>Version</th>
            <th>Role</th>
            <th className="number">{metric}, held out</th>
            <th className="number">
              Without <span className="visually-hidden">the store’s features</span>
            </th>
            <th>Trained on</th>
            <th>Trainer</th>
            {mayAdminister && (
              <th>
                <span className="visually-hidden">Action</span>
              </th>
            )}
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
                  onClick={() => go(addressOf("/models", { model, version: String(one.version) }), true)}
                >
                  Version {one.version}
                </button>
                <span className="more muted model-made">
                  <Moment at={one.createdAt} />
                </span>
              </th>
              <td>
                <Role version={one} />
              </td>
              <td className="number">{headline(one.metrics)}</td>
              <td className="number">{one.baseline === null ? NONE : headline(one.baseline)}</td>
              <td className="model-span">
                <Moment at={one.trainingSet.from} /> to <br />
                <Moment at={one.trainingSet.until} />
                <span className="more muted">{count(one.trainingSet.rows)} examples</span>
              </td>
              <td>
                {one.trainer}
                <span className="more muted">{bytes(one.bytes)}</span>
              </td>
              {mayAdminister && (
                <td className="number">
                  {!one.promoted &&
                    (begun?.what === "promote" && begun.version === one.version ? (
                      <span className="model-sure">
                        <button
                          type="button"
                          className="primary"
                          onClick={() => void change("promote", { version: one.version })}
                        >
                          Yes, let version {one.version} serve
                        </button>
                        <button type="button" onClick={() => setBegun(null)}>
                          No
                        </button>
                      </span>
                    ) : (
                      <span className="model-sure">
                        <button type="button" onClick={() => setBegun({ what: "promote", version: one.version })}>
                          {one.version < serving ? "Roll back to it" : "Promote"}
                        </button>
                        {serving > 0 && (
                          <button
                            type="button"
                            aria-expanded={begun?.what === "trial" && begun.version === one.version}
                            aria-label={`${one.role === null ? "Try out" : "Trial of"} version ${one.version}`}
                            onClick={() =>
                              setBegun(
                                begun?.what === "trial" && begun.version === one.version
                                  ? null
                                  : { what: "trial", version: one.version },
                              )
                            }
                          >
                            {one.role === null ? "Try out" : "Trial"}
                          </button>
                        )}
                      </span>
                    ))}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      {tried !== undefined && (
        <Trial
          key={tried.version}
          version={tried}
          current={serving}
          onWish={(wish) => void change(...requestOf(tried.version, wish))}
          onClose={() => setBegun(null)}
        />
      )}
      {refusal !== null && (
        <div className="model-refused">
          <Refused refusal={refusal} />
        </div>
      )}
    </>
  );
}

function Role({ version: { role, share: part } }: { readonly version: ModelVersion }) {
  switch (role) {
    case "current":
      return <span className="tag tag-good">serves</span>;
    case "canary":
      return <span className="tag tag-online">canary, {Number(((part ?? 0) * 100).toPrecision(12))} % of keys</span>;
    case "shadow":
      return <span className="tag">shadow</span>;
    default:
      return <span className="muted">kept</span>;
  }
}

function requestOf(version: number, wish: TrialWish): ["promote" | "demote", object] {
  if ("end" in wish) return ["demote", { role: wish.end }];
  return ["promote", { version, ...wish }];
}

/** The one metric that tells most: of a regression RMSE, else AUC. */
export function headline(metrics: Metrics | null): string {
  const value = metrics === null ? null : metrics.task === "regression" ? metrics.rmse : metrics.auc;
  return value === null ? NONE : digits(value);
}
