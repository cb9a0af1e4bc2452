import { localTime, NONE, utc, utcSeconds } from "./figures.ts";

/**
 * A moment in UTC, to the second unless it is to be exact; the rest and the local time are in its title, or the latter
 * under it.
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
  if (at === null) return <span className="none">{NONE}</span>;
  return (
    <time dateTime={at} title={`${utc(at)} UTC; ${localTime(at)}, your time`} className="moment">
      <span>
        {exact ? utc(at) : utcSeconds(at)}
        {"\u00a0"}
        <abbr title="coordinated universal time">UTC</abbr>
      </span>
      {both && <span className="local">{localTime(at)}</span>}
    </time>
  );
}
