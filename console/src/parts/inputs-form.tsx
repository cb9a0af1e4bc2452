import { type ReactNode, useEffect, useState } from "react";
import type { CatalogEntry } from "../api/answers.ts";
import type { ClientError } from "../../../src/surfaces/client/client-error.ts";
import { examplesOf } from "./examples.ts";
import { exampleOf, type Service, type Texts } from "./inputs.ts";
import { Refused } from "./notice.tsx";
import "./inputs-form.css";

const hints: Readonly<Record<string, string>> = {
  timestamp: "2001-07-01T10:00:00Z",
  string: "text",
  int32: "whole number",
  int64: "whole number",
  float64: "number",
};

/** A form made from what a service is asked for. What is sent comes through `onAsk`. */
export function InputsForm({
  service,
  catalog,
  given,
  verb,
  before,
  after,
  onAsk,
}: {
  readonly service: Service;
  readonly catalog: readonly CatalogEntry[];
  readonly given: Texts;
  readonly verb: string;
  /** Fields of the form that are no inputs of the service. */
  readonly before?: ReactNode;
  readonly after?: ReactNode;
  readonly onAsk: (texts: Texts) => void;
}) {
  const [texts, setTexts] = useState(given);
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const [asked, setAsked] = useState(0);
  const [filling, setFilling] = useState(false);
  useEffect(() => setTexts(given), [given]);
  const example = exampleOf(service, catalog);
  const fill = async (): Promise<void> => {
    setFilling(true);
    try {
      const examples = await examplesOf(example!);
      if (examples.length > 0) setTexts(examples[asked % examples.length]);
      setAsked(asked + 1);
      setRefusal(null);
    } catch (error) {
      setRefusal(error as ClientError);
    }
    setFilling(false);
  };
  return (
    <form
      className="inputs-form panel"
      onSubmit={(event) => {
        event.preventDefault();
        onAsk(texts);
      }}
    >
      <div className="inputs-grid">
        {before}
        {Object.entries(service.inputs).map(([name, { kind, nullable }]) => (
          <label key={name} className="field">
            <span>
              {name} {nullable && <span className="hint">optional</span>}
            </span>
            <input
              value={texts[name] ?? ""}
              placeholder={hints[kind] ?? kind}
              inputMode={kind.startsWith("int") || kind === "float64" ? "decimal" : "text"}
              autoComplete="off"
              spellCheck={false}
              onChange={({ target }) => setTexts({ ...texts, [name]: target.value })}
            />
          </label>
        ))}
        {after}
      </div>
      <div className="form-row">
        <button type="submit" className="primary" disabled={filling}>
          {verb}
        </button>
        {example !== null && (
          <button type="button" disabled={filling} onClick={() => void fill()}>
            {filling ? "Looking for one …" : "Fill in an example"}
          </button>
        )}
      </div>
      {refusal !== null && <Refused refusal={refusal} />}
    </form>
  );
}
