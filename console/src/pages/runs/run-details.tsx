import type { Run } from "../../api/answers.ts";
import { seconds } from "../../parts/figures.ts";

/** What a run failed with, what it came to do and when, and what it found. */
export function RunDetails({ run: { details, log } }: { readonly run: Run }) {
  const { error, message, ...found } = details as { readonly error?: string; readonly message?: string };
  return (
    <div className="run-told">
      {error !== undefined && (
        <p className="bad">
          {message} <code>{error}</code>
        </p>
      )}
      {log.length > 0 && (
        <ol className="run-log" aria-label="Log">
          {log.map((line, i) => (
            <li key={i}>
              <span className="muted figures">{seconds(line.seconds)}</span> {line.text}
            </li>
          ))}
        </ol>
      )}
      {Object.keys(found).length > 0 && (
        <pre>
          <code>{JSON.stringify(found, null, 2)}</code>
        </pre>
      )}
    </div>
  );
}
