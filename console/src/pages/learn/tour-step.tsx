import type { ReactNode } from "react";

/** One of the five steps, with its number, which tells whether it has been done on this store. */
export function TourStep({
  step,
  name,
  done,
  children,
}: {
  readonly step: number;
  readonly name: string;
  readonly done: boolean;
  readonly children: ReactNode;
}) {
  return (
    <li className={done ? "learn-step learn-done" : "learn-step"}>
      <span className="learn-number" aria-hidden="true">
        {step}
      </span>
      <div>
        <h3>{name}</h3>
        {children}
      </div>
    </li>
  );
}
