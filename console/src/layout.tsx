import { type ReactNode, useEffect, useState } from "react";
import { useAccess } from "./api/access.tsx";
import { signOut } from "./api/turned-away.ts";
import { useLive } from "./live/live-stream.ts";
import { Link } from "./navigation/link.tsx";
import { usePlace } from "./navigation/location.ts";
import { span } from "./parts/figures.ts";
import { ThemeSwitch } from "./theme/theme-switch.tsx";
import { useClock } from "./times/zone.ts";
import { ZoneSwitch } from "./times/zone-switch.tsx";

const places = [
  ["/", "Flow"],
  ["/compare", "Compare"],
  ["/features", "Features"],
  ["/models", "Models"],
  ["/playground", "Playground"],
  ["/runs", "Runs and health"],
  ["/learn", "Learn"],
] as const;

export function Layout({ children }: { readonly children: ReactNode }) {
  const { path } = usePlace();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  return (
    <div className="layout">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="side">
        <div className="side-top">
          <Link href="/" className="brand" aria-label="asof, to the flow">
            <Mark />
            <span>asof</span>
          </Link>
          <button
            type="button"
            className="menu-button"
            aria-expanded={open}
            aria-controls="menu"
            onClick={() => setOpen(!open)}
          >
            Menu
          </button>
        </div>
        <div id="menu" className={open ? "menu menu-open" : "menu"}>
          <nav aria-label="Pages">
            <ul>
              {places.map(([to, name]) => (
                <li key={to}>
                  <Link href={to} aria-current={path === to ? "page" : undefined}>
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div className="side-foot">
            {path !== "/sign-in" && <Connection />}
            <ZoneSwitch />
            <ThemeSwitch />
            {path !== "/sign-in" && <SignedIn />}
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {path !== "/sign-in" && <Lost />}
        {children}
      </main>
    </div>
  );
}

/** Two lanes, two moments: the sign of the console. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M2 7.5h20" className="mark-offline" />
      <path d="M2 16.5h20" className="mark-online" />
      <circle cx="15" cy="7.5" r="3" className="mark-dot" />
      <circle cx="15" cy="16.5" r="3" className="mark-dot" />
    </svg>
  );
}

function Connection() {
  const { connection, live } = useLive();
  const clock = useClock();
  const words = { open: "Live", connecting: "Connecting", lost: "Not connected" }[connection];
  return (
    <dl className={`connection connection-${connection}`}>
      <div>
        <dt>Server</dt>
        <dd>
          <span className="dot" aria-hidden="true" />
          {words}
        </dd>
      </div>
      {live !== null && (
        <>
          <div>
            <dt>Store’s clock</dt>
            <dd className="figures">{clock(live.status.now)}</dd>
          </div>
          <div>
            <dt>Online is behind by</dt>
            <dd className="figures">{span(live.status.freshness)}</dd>
          </div>
        </>
      )}
    </dl>
  );
}

/** Who the person is to a server that asks; what he may not do is not offered anywhere. */
function SignedIn() {
  const access = useAccess();
  if (access === null || !access.credentials) return null;
  const may = [...new Set(access.grants.flatMap(({ scopes }) => scopes))];
  return (
    <>
      <dl className="connection">
        <div>
          <dt>Signed in as</dt>
          <dd>{access.name ?? access.who}</dd>
        </div>
        <div>
          <dt>May</dt>
          <dd>{may.includes("admin") ? "do everything" : may.join(", ")}</dd>
        </div>
      </dl>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </>
  );
}

/** Told at the top of every page: what is shown may be old. */
function Lost() {
  const { connection, live, refusal } = useLive();
  const clock = useClock();
  if (connection !== "lost") return null;
  return (
    <div className="notice notice-bad lost" role="alert">
      <p className="notice-title">
        {refusal === null || refusal.status === null ? "The server does not answer." : refusal.message}
      </p>
      <p>
        {live === null ? "Nothing can be shown." : `What is shown is of ${clock(live.status.now)}.`} The console tries
        again by itself. Is <code>asof serve</code> running?
      </p>
    </div>
  );
}
