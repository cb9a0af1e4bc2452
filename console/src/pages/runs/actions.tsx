import { useState } from "react";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { ask } from "../../api/ask.ts";
import { countOf } from "../../parts/figures.ts";
import { Refused } from "../../parts/notice.tsx";

/** Milliseconds: a large store takes its time. */
const LONG = 4_000_000;

interface Action {
  readonly name: string;
  readonly says: string;
  readonly path: string;
  readonly body: object | null;
  readonly done: (answer: { readonly compared?: number }) => string;
}

const actions: readonly Action[] = [
  {
    name: "Materialize",
    says: "brings every view into the online store",
    path: "/v1/materialize",
    body: {},
    done: () => "All views are in the online store.",
  },
  {
    name: "Verify for half a minute",
    says: "compares samples of what the store answers with its records",
    path: "/v1/verify",
    body: { minutes: 0.5 },
    done: ({ compared = 0 }) => `${countOf(compared, "value")} compared with the records: none differs.`,
  },
  {
    name: "Audit now",
    says: "compares what was served of late with history",
    path: "/v1/audit",
    body: null,
    done: () => "What waited has been compared with history.",
  },
];

/** What who administers the store can set going here. */
export function Actions() {
  const [busy, setBusy] = useState<string | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const start = async ({ name, path, body, done }: Action): Promise<void> => {
    setBusy(name);
    setTold(null);
    setRefusal(null);
    try {
      setTold(done(await ask(path, { method: "POST", timeout: LONG, ...(body !== null && { body }) })));
    } catch (error) {
      setRefusal(error as ClientError);
    }
    setBusy(null);
  };
  return (
    <div className="run-actions">
      <div className="form-row">
        {actions.map((action) => (
          <button
            key={action.name}
            type="button"
            title={action.says}
            disabled={busy !== null}
            onClick={() => void start(action)}
          >
            {busy === action.name ? `${action.name} …` : action.name}
          </button>
        ))}
      </div>
      <p role="status" className="note">
        {told}
      </p>
      {refusal !== null && <Refused refusal={refusal} />}
    </div>
  );
}
