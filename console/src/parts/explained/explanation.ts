import type { Value } from "../../api/answers.ts";

interface Common {
  readonly view: string;
  readonly feature: string;
  readonly t: string;
  readonly value: Value;
  readonly status: string;
  readonly eventTime: string | null;
  readonly check: { readonly explained: Value; readonly answered: Value; readonly equal: boolean };
  readonly online:
    | {
        readonly state: "equal" | "different";
        readonly t: string;
        readonly value: Value;
        readonly history: { readonly value: Value };
      }
    | { readonly state: "absent"; readonly why: string };
}

export interface Contribution {
  readonly argument: Value;
  readonly key?: Value;
  readonly event: string;
  readonly available: string;
  readonly position: number;
  readonly origin: "stream" | "load";
  readonly fields: Readonly<Record<string, Value>>;
}

export interface ExplainedWindow {
  readonly start: string | null;
  readonly end: string;
  readonly value: Value;
  readonly tiles: {
    readonly hop: number | null;
    readonly spanned: number | null;
    readonly filled: number;
    readonly open: string | null;
    readonly largest: readonly { readonly start: string | null; readonly records: number; readonly open: boolean }[];
  };
  readonly records: Readonly<
    Record<
      | "visible"
      | "counted"
      | "filtered"
      | "empty"
      | "loaded"
      | "streamed"
      | "late"
      | "notYetAvailable"
      | "notYetHappened"
      | "withdrawn",
      number
    >
  >;
  readonly contributions: readonly Contribution[];
  readonly more: number;
  readonly groups: readonly { readonly value: Value; readonly records: number }[] | null;
}

export interface Version {
  readonly event: string;
  readonly available: string;
  readonly value: Value;
  readonly state: string;
  readonly run: { readonly id: number; readonly startedAt: string; readonly backfill: boolean } | null;
}

export type Explanation = Common &
  (
    | {
        readonly kind: "aggregateView";
        readonly source: string;
        readonly words: string;
        readonly influence: string;
        readonly windows: readonly ExplainedWindow[];
      }
    | {
        readonly kind: "batchView";
        readonly sql: string;
        readonly ttl: number | null;
        readonly expires: string | null;
        readonly read: Version | null;
        readonly others: readonly Version[];
        readonly more: number;
      }
    | { readonly kind: "onDemandView"; readonly code: string; readonly keys: Readonly<Record<string, Value>> }
  );
