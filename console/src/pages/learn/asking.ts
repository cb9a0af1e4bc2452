import { useEffect, useRef, useState } from "react";
import type { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import type { CatalogEntry } from "../../api/answers.ts";
import { askTimed } from "../../api/ask.ts";
import { examplesOf } from "../../parts/examples.ts";
import { exampleOf, rowOf } from "../../parts/inputs.ts";
import { durationsIn } from "../../parts/server-timing.ts";
import type { Target } from "../../parts/targets.ts";

/** What one request took of the server's time, in milliseconds, and what was added to the store's meanwhile. */
export interface Sample {
  readonly added: number;
  readonly total: number;
  readonly store: number;
}

export interface Asking {
  /** The last of each latency that was added. */
  readonly by: Readonly<Record<number, readonly Sample[]>>;
  readonly last: readonly Sample[];
  readonly refusal: ClientError | null;
}

const KEPT = 60;
const SHOWN = 180;
/** Milliseconds between an answer and the next question. */
const PAUSE = 100;

/**
 * Asks again and again, as an application would, with keys of the newest records.
 * @param added milliseconds; null while that changes
 */
export function useAsking(target: Target | null, catalog: readonly CatalogEntry[], added: number | null): Asking {
  const [state, setState] = useState<Asking>({ by: {}, last: [], refusal: null });
  const now = useRef(added);
  useEffect(() => {
    now.current = added;
  }, [added]);
  const known = useRef({ target, catalog });
  useEffect(() => {
    known.current = { target, catalog };
  }, [target, catalog]);
  const id = target?.id ?? null;
  useEffect(() => {
    if (id === null) return undefined;
    const ended = new AbortController();
    const { target, catalog } = known.current;
    void askOn(target!, catalog, now, ended.signal, (change) => {
      if (!ended.signal.aborted) setState(change);
    });
    return () => ended.abort();
  }, [id]);
  return state;
}

async function askOn(
  { service, path }: Target,
  catalog: readonly CatalogEntry[],
  now: { readonly current: number | null },
  signal: AbortSignal,
  set: (change: (last: Asking) => Asking) => void,
): Promise<void> {
  const example = exampleOf(service, catalog);
  for (let i = 0; !signal.aborted; i++) {
    try {
      const examples = example === null ? [] : await examplesOf(example);
      const rows = (examples.length === 0 ? [{}] : examples).map((texts) => rowOf(service, texts));
      for (const row of rows) {
        if (signal.aborted) return;
        const added = now.current;
        const { timing } = await askTimed(`${path}?timing=true`, { entities: [row] });
        const { total = 0, store = 0 } = durationsIn(timing) ?? {};
        // What was asked while it changed belongs to neither.
        if (added !== null && now.current === added) set((last) => withSample(last, { added, total, store }));
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    } catch (refusal) {
      set((last) => ({ ...last, refusal: refusal as ClientError }));
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

function withSample({ by, last }: Asking, sample: Sample): Asking {
  const same = [...(by[sample.added] ?? []), sample].slice(-KEPT);
  return { by: { ...by, [sample.added]: same }, last: [...last, sample].slice(-SHOWN), refusal: null };
}

/** The value that a share of them do not exceed; of at least one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
