import type { ReactNode } from "react";

/** A table that scrolls by itself where it is wider than the page; the keyboard reaches it. */
export function ScrollTable({
  label,
  fits = false,
  children,
}: {
  readonly label: string;
  /** Its columns are few enough for a narrow screen. */
  readonly fits?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div
      className={fits ? "scroll-table scroll-table-fits" : "scroll-table"}
      role="region"
      aria-label={label}
      tabIndex={0}
    >
      <table>{children}</table>
    </div>
  );
}
