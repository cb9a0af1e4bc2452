import type { Style } from "./style.ts";

/** What a command found, for programs and for people. Printed once, in one of the two forms. */
export interface Report {
  /** Plain data: the document that `--json` prints. */
  readonly json: unknown;
  text(style: Style): string;
  /** Default 0. */
  readonly exitCode?: number;
}
