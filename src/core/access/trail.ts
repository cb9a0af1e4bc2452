import type { Stream } from "../definition/stream.ts";
import { fingerprint } from "../definition/fingerprint.ts";
import type { Fields } from "../schema/data-type.ts";
import type { Timestamp } from "../time/timestamp.ts";

/**
 * Who did what, when, and how it ended: one administrative action, or the requests of one caller that ended alike within
 * a second.
 */
export interface TrailEntry {
  /** `key:<id>`, `oidc:<subject>`, `user:<name>` for the command, `anonymous`. */
  readonly who: string;
  /** What it goes by: the key's name; null where there is none. */
  readonly name: string | null;
  readonly via: "http" | "cli";
  /** The route by its id in `/openapi.json`, or the command. */
  readonly action: string;
  /** The source, entity or key it was about; null where it was about no single one. */
  readonly target: string | null;
  /** "ok", or the code of the error. */
  readonly outcome: string;
  readonly requests: number;
  readonly from: Timestamp;
  readonly until: Timestamp;
  /** The request in the server's log; null where there are several. */
  readonly requestId: string | null;
}

const fields = {
  who: { kind: "string", nullable: false },
  name: { kind: "string", nullable: true },
  via: { kind: "string", nullable: false },
  action: { kind: "string", nullable: false },
  target: { kind: "string", nullable: true },
  outcome: { kind: "string", nullable: false },
  requests: { kind: "int64", nullable: false },
  from: { kind: "timestamp", nullable: false },
  until: { kind: "timestamp", nullable: false },
  requestId: { kind: "string", nullable: true },
} as const satisfies Fields;

/** The audit trail in the log and in the offline store. No definition's stream goes by such a name. */
export const trailStream: Stream = {
  name: "audit.trail",
  fields,
  schema: fingerprint(fields).slice(0, 16),
};
