import { useZone } from "../times/zone.ts";
import { clockTime, NONE, zoneName } from "./figures.ts";

/**
 * A moment in the zone that the person chose, to the second unless it is to be exact; in the other zone, and exactly, it is in
 * its title, or under it.
 */
export function Moment({
  at,
  exact = false,
  both = false,
}: {
  readonly at: string | null;
  readonly exact?: boolean;
  readonly both?: boolean;
}) {
  const zone = useZone();
  if (at === null) return <span className="none">{NONE}</span>;
  const other = zone === "UTC" ? "local" : "UTC";
  const inOther = `${clockTime(at, other, true)} ${zoneName(at, other)}`;
  return (
    <time dateTime={at} title={`${clockTime(at, zone, true)} ${zoneName(at, zone)}, or ${inOther}`} className="moment">
      <span>
        {clockTime(at, zone, exact)}
        {"\u00a0"}
        <span className="zone">{zoneName(at, zone)}</span>
      </span>
      {both && <span className="other-zone">{inOther}</span>}
    </time>
  );
}
