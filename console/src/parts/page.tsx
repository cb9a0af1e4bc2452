import { type ReactNode, useEffect, useRef } from "react";
import { usePlace } from "../navigation/location.ts";

let shownBefore: string | null = null;

/** A page: its title is read out, and has the focus, when one comes to it from another. */
export function Page({
  title,
  lead,
  actions,
  children,
}: {
  readonly title: string;
  readonly lead: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { path } = usePlace();
  useEffect(() => {
    document.title = `${title} · asof`;
  }, [title]);
  useEffect(() => {
    if (shownBefore !== null && shownBefore !== path) heading.current?.focus({ preventScroll: true });
    shownBefore = path;
  }, [path]);
  return (
    <>
      <header className="page-head">
        <div>
          <h1 tabIndex={-1} ref={heading}>
            {title}
          </h1>
          <p className="lead">{lead}</p>
        </div>
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export function Section({
  title,
  note,
  children,
  aside,
}: {
  readonly title: string;
  readonly note?: ReactNode;
  readonly children: ReactNode;
  readonly aside?: ReactNode;
}) {
  return (
    <section className="section">
      <div className="section-head">
        <div>
          <h2>{title}</h2>
          {note !== undefined && <p className="note">{note}</p>}
        </div>
        {aside}
      </div>
      {children}
    </section>
  );
}
