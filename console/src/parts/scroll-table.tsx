import type { ReactNode } from "react";

/** A table that scrolls by itself where it is wider than the page; the keyboard reaches it. */
export function ScrollTable({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="scroll-table" role="region" aria-label={label} tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}
