import { useState } from "react";
import type { ModelVersion } from "../../api/answers.ts";

/** What is to become of a version that does not serve. */
export type TrialWish =
  | { readonly as: "shadow" }
  | { readonly as: "canary"; readonly share: number }
  | { readonly end: "shadow" | "canary" };

/** Tries a version out beside the one that serves, or ends that. */
export function Trial({
  version: { version, role, share },
  current,
  onWish,
  onClose,
}: {
  readonly version: ModelVersion;
  readonly current: number;
  readonly onWish: (wish: TrialWish) => void;
  readonly onClose: () => void;
}) {
  const [as, setAs] = useState<"shadow" | "canary">(role === "canary" ? "canary" : "shadow");
  const [percent, setPercent] = useState(String(share === null ? 10 : Number((share * 100).toPrecision(12))));
  const on = role === "shadow" || role === "canary" ? role : null;
  return (
    <form
      className="trial"
      aria-label={`Trial of version ${version}`}
      onSubmit={(event) => {
        event.preventDefault();
        onWish(as === "shadow" ? { as } : { as, share: Number(percent) / 100 });
      }}
    >
      <fieldset className="trial-roles">
        <legend>How version {version} is tried out</legend>
        <label>
          <input type="radio" name="as" checked={as === "shadow"} onChange={() => setAs("shadow")} />
          <span>
            In the shadow
            <span className="more muted">
              It predicts beside version {current} and is logged; nobody gets its answers.
            </span>
          </span>
        </label>
        <label>
          <input type="radio" name="as" checked={as === "canary"} onChange={() => setAs("canary")} />
          <span>
            As a canary
            <span className="more muted">It answers in place of version {current} for a share of the keys.</span>
          </span>
        </label>
      </fieldset>
      {as === "canary" && (
        <label className="field trial-share">
          <span>Share of the keys, %</span>
          <input
            type="number"
            min="0.1"
            max="100"
            step="any"
            required
            value={percent}
            onChange={({ target }) => setPercent(target.value)}
          />
        </label>
      )}
      <div className="trial-actions">
        <button type="submit" className="primary">
          {as === "shadow" ? "Let it predict in the shadow" : `Let it answer for ${percent || "…"} %`}
        </button>
        {on !== null && (
          <button type="button" onClick={() => onWish({ end: on })}>
            End the trial
          </button>
        )}
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}
