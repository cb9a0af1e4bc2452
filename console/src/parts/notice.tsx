import type { ReactNode } from "react";
import type { ClientError } from "../../../src/surfaces/client/client-error.ts";

/** Where there is nothing to show: why, and what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="notice">
      <p className="notice-title">{title}</p>
      {children}
    </div>
  );
}

/** What was refused, and what to do about it. */
export function Refused({ refusal, again }: { readonly refusal: ClientError; readonly again?: () => void }) {
  return (
    <div className="notice notice-bad" role="alert">
      <p className="notice-title">{refusal.message}</p>
      <p>{refusal.remedy}</p>
      <p className="notice-foot">
        <code>{refusal.code}</code>
        {again !== undefined && (
          <button type="button" onClick={again}>
            Try again
          </button>
        )}
      </p>
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <p className="loading" role="status">
      Reading {what} …
    </p>
  );
}

/** A command for the terminal. */
export function Command({ children }: { readonly children: string }) {
  return (
    <pre className="command">
      <code>{children}</code>
    </pre>
  );
}
