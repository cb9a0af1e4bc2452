import { useCallback, useEffect, useState } from "react";
import type { ClientError } from "../../../src/surfaces/client/client-error.ts";
import { ask } from "./ask.ts";

export interface Answer<T> {
  readonly data: T | null;
  readonly refusal: ClientError | null;
  readonly loading: boolean;
  readonly again: () => void;
}

interface State<T> extends Omit<Answer<T>, "again"> {
  /** The question that this answers. */
  readonly of: string | null;
}

/** A server that does not answer, or not now, is asked again after so many milliseconds. */
const RETRY = 2000;

/** What the server answers to a path; nothing is asked while it is null. While the same is asked again, the last stays. */
export function useAnswer<T>(path: string | null, body?: unknown): Answer<T> {
  const [state, setState] = useState<State<T>>({ of: null, data: null, refusal: null, loading: path !== null });
  const [turn, setTurn] = useState(0);
  const asked = path === null ? null : JSON.stringify([path, body ?? null]);
  // What is behind a # is not sent: it only says that it is time to ask again.
  const question = path === null ? null : JSON.stringify([path.split("#", 1)[0], body ?? null]);
  useEffect(() => {
    if (asked === null) return setState({ of: null, data: null, refusal: null, loading: false });
    const [to, sent] = JSON.parse(asked) as [string, unknown];
    const abort = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    setState((last) => ({ ...last, loading: true }));
    ask<T>(to, { signal: abort.signal, ...(sent !== null && { body: sent }) }).then(
      (data) => setState({ of: question, data, refusal: null, loading: false }),
      (refusal: unknown) => {
        if (abort.signal.aborted) return;
        // A server that is gone, or says "not now", may come back; until then what was there stays.
        const gone = [null, 503].includes((refusal as ClientError).status);
        if (gone) retry = setTimeout(() => setTurn((last) => last + 1), RETRY);
        setState((last) => ({
          of: question,
          data: gone && last.of === question ? last.data : null,
          refusal: refusal as ClientError,
          loading: false,
        }));
      },
    );
    return () => {
      abort.abort();
      clearTimeout(retry);
    };
  }, [asked, question, turn]);
  const again = useCallback(() => setTurn((last) => last + 1), []);
  // An answer to another question is none to this.
  return state.of === question ? { ...state, again } : { data: null, refusal: null, loading: asked !== null, again };
}
