import { useEffect, useState } from "react";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { useMay } from "../../api/access.tsx";
import type { Run } from "../../api/answers.ts";
import { ask, tell } from "../../api/ask.ts";
import { useAnswer } from "../../api/use-answer.ts";
import { useCatalog } from "../../parts/catalog.ts";
import { milliseconds, seconds } from "../../parts/figures.ts";
import { Command, Empty, Loading, Refused } from "../../parts/notice.tsx";
import { Section } from "../../parts/page.tsx";
import { ScrollTable } from "../../parts/scroll-table.tsx";
import { targetsOf } from "../../parts/targets.ts";
import { quantile, useAsking } from "./asking.ts";
import { Strip } from "./strip.tsx";
import "./slow-store.css";

interface Demo {
  readonly on: boolean;
  readonly onlineLatency: number;
}

/** Milliseconds that one can choose from. */
const choices = [0, 20, 100, 400] as const;

/** Which step suffers when the online store is slow: seen, not told. */
export function SlowStore({ runs, underWay }: { readonly runs: readonly Run[]; readonly underWay: readonly Run[] }) {
  const demo = useAnswer<Demo>("/v1/demo");
  const mayAdminister = useMay("admin");
  return (
    <Section
      title="Slow the online store down"
      note="Every read and commit of the online store then takes so much longer, in the server itself. Which steps wait for it?"
    >
      {demo.refusal !== null && <Refused refusal={demo.refusal} again={demo.again} />}
      {demo.data === null && demo.refusal === null && <Loading what="whether this is a demo" />}
      {demo.data?.on === false && (
        <Empty title="This server is no demo, so its online store stays as quick as it is.">
          <p>Stop it and start it as one, on a store that nobody depends on:</p>
          <Command>asof serve --demo</Command>
        </Empty>
      )}
      {demo.data?.on === true && !mayAdminister && (
        <Empty title="Your key may not slow the store down.">
          <p>That takes a key with the scope admin.</p>
        </Empty>
      )}
      {demo.data?.on === true && mayAdminister && (
        <Experiment begun={demo.data.onlineLatency} runs={runs} underWay={underWay} />
      )}
    </Section>
  );
}

/** What a step took in seconds, by the milliseconds that were added meanwhile. */
type Measured = Readonly<Record<number, number>>;

function Experiment({
  begun,
  runs,
  underWay,
}: {
  readonly begun: number;
  readonly runs: readonly Run[];
  readonly underWay: readonly Run[];
}) {
  // What was chosen, and whether the server has it by now.
  const [{ added, sure }, setAdded] = useState({ added: begun, sure: true });
  const [refusal, setRefusal] = useState<ClientError | null>(null);
  const [took, setTook] = useState<Readonly<Record<"compute" | "train", Measured>>>({ compute: {}, train: {} });
  const [busy, setBusy] = useState<"compute" | "train" | null>(null);
  const catalog = useCatalog();
  const mayPredict = useMay("predict");
  const targets = targetsOf(catalog.data?.definitions ?? []);
  const target = targets.find(({ model }) => model === null || mayPredict) ?? null;
  const asked =
    target === null
      ? "nothing: there is no service"
      : target.model === null
        ? `features of ${target.service.name}`
        : `predictions of ${target.model}`;
  const model = targets.find((one) => one.model !== null)?.model ?? null;
  const asking = useAsking(target, catalog.data?.definitions ?? [], sure ? added : null);
  // Whoever leaves makes it quick again.
  useEffect(() => {
    const quick = (): void => tell("/v1/demo", { onlineLatency: 0 });
    addEventListener("pagehide", quick);
    return () => {
      removeEventListener("pagehide", quick);
      quick();
    };
  }, []);
  const slow = async (to: number): Promise<void> => {
    setAdded({ added: to, sure: false });
    try {
      await ask("/v1/demo", { body: { onlineLatency: to } });
      setAdded((last) => (last.added === to ? { added: to, sure: true } : last));
      setRefusal(null);
    } catch (error) {
      setAdded({ added, sure: true });
      setRefusal(error as ClientError);
    }
  };
  const run = async (step: "compute" | "train"): Promise<void> => {
    setBusy(step);
    const during = added;
    const began = performance.now();
    try {
      const path = step === "compute" ? "/v1/compute" : `/v1/train/${encodeURIComponent(model!)}`;
      await ask(path, { body: {}, timeout: 3_600_000 });
      const passed = (performance.now() - began) / 1000;
      setTook((last) => ({ ...last, [step]: { ...last[step], [during]: passed } }));
      setRefusal(null);
    } catch (error) {
      setRefusal(error as ClientError);
    }
    setBusy(null);
  };
  const columns = choices.filter(
    (one) => one === 0 || one === added || one in took.compute || one in took.train || asking.by[one] !== undefined,
  );
  const progress = underWay.find(({ state, kind }) => state === "running" && kind === busy)?.progress ?? null;
  return (
    <div className="slow">
      <fieldset className="slow-choices">
        <legend>Added to every read and commit of the online store</legend>
        {choices.map((one) => (
          <label key={one}>
            <input type="radio" name="added" checked={added === one} onChange={() => void slow(one)} />
            <span>{one === 0 ? "nothing" : `${one} ms`}</span>
          </label>
        ))}
      </fieldset>
      {refusal !== null && <Refused refusal={refusal} />}
      {asking.refusal !== null && <Refused refusal={asking.refusal} />}
      <ScrollTable label="What waits for the online store">
        <thead>
          <tr>
            <th className="number">Step</th>
            <th>What it does, and reads</th>
            {columns.map((one) => (
              <th key={one} className="number">
                {one === 0 ? "Nothing added" : `${one} ms added`}
              </th>
            ))}
            <th>
              <span className="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <Step
            step={2}
            does="compute batch features"
            columns={columns}
            took={took.compute}
            recorded={recorded(runs, "compute")}
            now={added}
            busy={busy === "compute"}
            action={busy === null ? () => void run("compute") : null}
          />
          {model !== null && (
            <Step
              step={3}
              does={`train ${model}`}
              columns={columns}
              took={took.train}
              recorded={recorded(runs, "train")}
              now={added}
              busy={busy === "train"}
              action={busy === null ? () => void run("train") : null}
            />
          )}
          <tr>
            <td className="number">5</td>
            <th scope="row">
              serve, p99 of the last {asking.by[added]?.length ?? 0}
              <span className="more online">online store</span>
            </th>
            {columns.map((one) => (
              <td key={one} className={one === added ? "number slow-now" : "number"}>
                {asking.by[one] === undefined ? (
                  <span className="muted">–</span>
                ) : (
                  <>
                    {milliseconds(
                      quantile(
                        asking.by[one].map(({ total }) => total),
                        0.99,
                      ),
                    )}
                    <span className="more muted">
                      {milliseconds(
                        quantile(
                          asking.by[one].map(({ store }) => store),
                          0.5,
                        ),
                      )}{" "}
                      in the store
                    </span>
                  </>
                )}
              </td>
            ))}
            <td className="muted">asked all the time</td>
          </tr>
        </tbody>
      </ScrollTable>
      <p role="status" className="note">
        {busy !== null &&
          `Step ${busy === "compute" ? 2 : 3} is running${progress === null ? "" : `: ${progress.phase}`}. It does not wait for the online store.`}
      </p>
      <Strip samples={asking.last} />
      <p className="note">
        This page asks for {asked} about ten times a second. Training again makes a version that does not serve. Once
        you leave, nothing is added any more.
      </p>
    </div>
  );
}

function Step({
  step,
  does,
  columns,
  took,
  recorded: before,
  now,
  busy,
  action,
}: {
  readonly step: number;
  readonly does: string;
  readonly columns: readonly number[];
  readonly took: Measured;
  /** Seconds, as runs of before have it. */
  readonly recorded: number | null;
  readonly now: number;
  readonly busy: boolean;
  readonly action: (() => void) | null;
}) {
  return (
    <tr>
      <td className="number">{step}</td>
      <th scope="row">
        {does}
        <span className="more offline">offline store</span>
      </th>
      {columns.map((one) => (
        <td key={one} className={one === now ? "number slow-now" : "number"}>
          {took[one] !== undefined ? (
            seconds(took[one])
          ) : one === 0 && before !== null ? (
            <>
              {seconds(before)}
              <span className="more muted">on record</span>
            </>
          ) : (
            <span className="muted">–</span>
          )}
        </td>
      ))}
      <td>
        <button type="button" disabled={action === null} onClick={action ?? undefined}>
          {busy ? "Running …" : `Run step ${step}`}
        </button>
      </td>
    </tr>
  );
}

/** Seconds of the last run of each target of a kind. */
function recorded(runs: readonly Run[], kind: string): number | null {
  const done = runs.filter((run) => run.kind === kind && run.state === "succeeded");
  if (done.length === 0) return null;
  const newest = new Map(done.toReversed().map((run) => [run.target, run.seconds ?? 0]));
  return [...newest.values()].reduce((sum, one) => sum + one, 0);
}
