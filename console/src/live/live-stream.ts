import { useSyncExternalStore } from "react";
import type { Live } from "../api/answers.ts";
import { ClientError } from "../../../src/surfaces/client/client-error.ts";
import { follow as followAnswer, parse } from "../api/ask.ts";
import { predictionsOf } from "../parts/totals.ts";

export interface LiveState {
  readonly connection: "connecting" | "open" | "lost";
  /** The last that was told; it stays while the connection is lost. */
  readonly live: Live | null;
  readonly refusal: ClientError | null;
  /** What came in and went out a second, over the last events; null before there are two. */
  readonly rates: { readonly records: number; readonly predictions: number } | null;
}

/** Rates are taken over so many milliseconds. */
const STRETCH = 10_000;
/** A connection on which nothing comes for so long is taken for lost. */
const SILENCE = 15_000;
const RETRIES = [250, 500, 1000, 2000, 4000];

let state: LiveState = { connection: "connecting", live: null, refusal: null, rates: null };
const listeners = new Set<() => void>();
let samples: { at: number; end: number; served: number }[] = [];
let abort: AbortController | null = null;

/** What the server tells about once a second, for as long as something shows it. */
export function useLive(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (abort === null) {
    abort = new AbortController();
    void follow(abort.signal);
  }
  return () => {
    listeners.delete(listener);
    // Another page may begin to show it in the same moment.
    setTimeout(() => {
      if (listeners.size > 0 || abort === null) return;
      abort.abort();
      abort = null;
    });
  };
}

function set(next: Partial<LiveState>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

/** Starts anew, as after signing in. */
export function followAnew(): void {
  abort?.abort();
  abort = null;
  samples = [];
  state = { connection: "connecting", live: null, refusal: null, rates: null };
  if (listeners.size === 0) return;
  abort = new AbortController();
  void follow(abort.signal);
}

async function follow(signal: AbortSignal): Promise<void> {
  let failed = 0;
  while (!signal.aborted) {
    try {
      await read(signal, () => (failed = 0));
    } catch (error) {
      if (signal.aborted) return;
      samples = [];
      set({ connection: "lost", rates: null, refusal: error instanceof ClientError ? error : null });
      if (error instanceof ClientError && (error.status === 401 || error.status === 403)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRIES[Math.min(failed++, RETRIES.length - 1)]));
  }
}

async function read(signal: AbortSignal, heard: () => void): Promise<void> {
  const connection = new AbortController();
  const response = await followAnswer("/v1/live", AbortSignal.any([signal, connection.signal]));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const silence = setTimeout(() => connection.abort(), SILENCE);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    // Whoever may not listen any more is told so, and a server that has ended does not answer, when it is asked again.
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      const data = event.split("\n").filter((line) => line.startsWith("data: "));
      if (data.length === 0) continue;
      heard();
      take(parse(data.map((line) => line.slice(6)).join("\n")) as Live);
    }
  }
}

function take(live: Live): void {
  const at = performance.now();
  const served = predictionsOf(live.status);
  samples = [...samples.filter((sample) => at - sample.at <= STRETCH), { at, end: live.status.log.end, served }];
  const [first] = samples;
  const seconds = (at - first.at) / 1000;
  const rates =
    samples.length < 2
      ? null
      : { records: (live.status.log.end - first.end) / seconds, predictions: (served - first.served) / seconds };
  set({ connection: "open", live, refusal: null, rates });
}
