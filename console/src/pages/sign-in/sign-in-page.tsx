import { useState } from "react";
import { keepKey, signedInKey } from "../../api/key.ts";
import { ask, Refusal } from "../../api/request.ts";
import { followAnew } from "../../live/live-stream.ts";
import { go, usePlace } from "../../navigation/location.ts";
import { Refused } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";

export default function SignInPage() {
  const { query } = usePlace();
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState(false);
  const signIn = async (key: string): Promise<void> => {
    const before = signedInKey();
    setBusy(true);
    keepKey(key);
    try {
      await ask("/v1/catalog");
      followAnew();
      go(placeToGo(query.get("back")), true);
    } catch (error) {
      keepKey(before);
      setRefusal(
        (error as Refusal).status === 401
          ? new Refusal(
              "ASOF_KEY",
              "The server does not know this key, or it has expired.",
              "Ask whoever runs the server for one.",
              401,
            )
          : (error as Refusal),
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page
      title="Sign in"
      lead="This server asks for an API key. It is kept in this tab alone, until you close it or sign out."
    >
      <form
        className="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          const key = (new FormData(event.currentTarget).get("key") as string).trim();
          if (key !== "") void signIn(key);
        }}
      >
        <label className="field">
          <span>API key</span>
          <input name="key" type="password" autoComplete="current-password" size={44} required />
        </label>
        <button type="submit" className="primary" disabled={busy}>
          Sign in
        </button>
      </form>
      {refusal !== null && (
        <div className="section">
          <Refused refusal={refusal} />
        </div>
      )}
    </Page>
  );
}

/** Where the person came from, if that is a page of the console. */
function placeToGo(back: string | null): string {
  return back !== null && /^\/(?!\/)/.test(back) && !back.startsWith("/sign-in") ? back : "/";
}
