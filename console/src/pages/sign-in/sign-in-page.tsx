import { useEffect, useState } from "react";
import { ClientError } from "../../../../src/surfaces/client/client-error.ts";
import { type Access, mayDo } from "../../api/access.tsx";
import { ask } from "../../api/ask.ts";
import { letIn, whyTurnedAway } from "../../api/turned-away.ts";
import { followAnew } from "../../live/live-stream.ts";
import { Link } from "../../navigation/link.tsx";
import { go, usePlace } from "../../navigation/location.ts";
import { Command, Empty, Refused } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import "./sign-in-page.css";

const ANOTHER = "Sign in with another key. Whoever runs the server can make one.";

export default function SignInPage() {
  const { query } = usePlace();
  const [refusal, setRefusal] = useState<ClientError | null>(() => {
    const why = whyTurnedAway();
    return why === null ? null : forPeople(why);
  });
  const [busy, setBusy] = useState(false);
  const isOpen = useIsOpen();
  const signIn = async (key: string): Promise<void> => {
    setBusy(true);
    try {
      const access = await ask<Access>("/v1/access", { key });
      if (!mayDo(access, "read")) throw tooLittle(access);
      letIn(key);
      followAnew();
      go(placeToGo(query.get("back")), true);
    } catch (error) {
      setRefusal(forPeople(error as ClientError));
    } finally {
      setBusy(false);
    }
  };
  if (isOpen)
    return (
      <Page title="Sign in" lead="This server asks for no key.">
        <Empty title="You are in already.">
          <p>
            <Link href={placeToGo(query.get("back"))}>Go on</Link>. Once a first key is made, the server asks for one:
          </p>
          <Command>asof keys create NAME --scope admin</Command>
        </Empty>
      </Page>
    );
  return (
    <Page
      title="Sign in"
      lead="This server asks for an API key. It is kept in this tab alone, until you close it or sign out."
    >
      {refusal !== null && (
        <div className="sign-in-refused">
          <Refused refusal={refusal} />
        </div>
      )}
      <form
        className="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          const key = (new FormData(event.currentTarget).get("key") as string).trim();
          if (key !== "") void signIn(key);
        }}
      >
        <label className="field sign-in-key">
          <span>API key</span>
          <input name="key" type="password" autoComplete="current-password" required />
        </label>
        <button type="submit" className="primary" disabled={busy}>
          Sign in
        </button>
      </form>
      <p className="note sign-in-note">
        A key with the scope read sees everything; predictions take predict, and what changes the store takes admin.
        Whoever runs the server makes one:
      </p>
      <div className="sign-in-command">
        <Command>asof keys create NAME --scope read predict</Command>
      </div>
    </Page>
  );
}

/** Whether the server lets in whoever comes. */
function useIsOpen(): boolean {
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    ask<Access>("/v1/access", { signal: abort.signal }).then(
      ({ credentials }) => setIsOpen(!credentials),
      () => {},
    );
    return () => abort.abort();
  }, []);
  return isOpen;
}

/** The server tells programs what to do about a key. */
function forPeople(error: ClientError): ClientError {
  const { code, message, status, details } = error;
  return status === 401 ? new ClientError(code, message, { remedy: ANOTHER, status, details }) : error;
}

function tooLittle({ grants }: Access): ClientError {
  const narrowed = grants.some(({ scopes }) => scopes.includes("read"));
  const message = narrowed
    ? "this key is for some definitions, and the console shows the whole store"
    : "this key may not read, which is what the console does";
  return new ClientError("ASOF_FORBIDDEN", message, { remedy: ANOTHER, status: 403 });
}

/** Where the person came from, if that is a page of the console. */
function placeToGo(back: string | null): string {
  return back !== null && /^\/(?!\/)/.test(back) && !back.startsWith("/sign-in") ? back : "/";
}
