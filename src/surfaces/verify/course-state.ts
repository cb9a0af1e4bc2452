import path from "node:path";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { Comparison } from "./compare.ts";
import { Expected } from "./expected.ts";
import type { Subject } from "./subject.ts";
import type { Engine } from "./write-rows.ts";

/** What one course is carried out with. */
export interface Bench {
  readonly subject: Subject;
  /** The file of the configuration that names the definitions: other processes load it. */
  readonly configuration: string;
  readonly engine: Engine;
  /** Where stores and files of rows are made. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Milliseconds after which a course is left. */
  readonly until?: number;
}

/** How far a course is: what its clock says, what its log holds, and what was found so far. */
export class CourseState {
  readonly bench: Bench;
  /** The folder of the course. */
  readonly home: string;
  readonly comparison: Comparison;
  readonly expected: Expected;
  now: Timestamp;
  /** The position behind the last entry of the log. */
  end = 0;
  /** That at the last materialization. */
  materialized = 0;
  lastStamp = -Infinity;
  private files = 0;

  constructor(bench: Bench, home: string, comparison: Comparison, start: Timestamp) {
    this.bench = bench;
    this.home = home;
    this.comparison = comparison;
    this.expected = new Expected(bench.subject);
    this.now = start;
  }

  /** Brings the clock ahead of all stamps and of all moments that were handed out, so that the next one is the clock's time. */
  ahead(): void {
    this.now = Math.max(this.now, this.lastStamp) + 1000;
  }

  /** What a request was answered; it proves nothing of the values. */
  told(source: string, what: string, expected: unknown, found: unknown): void {
    this.comparison.value({ how: "error", service: source, request: {}, t: this.now }, what, expected, found, true);
  }

  /** Something is in the log: so many, the first of them at a position, where nothing else comes with them. */
  appended(alone: boolean, position: number, stamp: Timestamp, count: number): void {
    if (alone) this.positioned(position, count);
    else if (count > 0) this.end = position + count;
    if (count > 0) this.lastStamp = Math.max(this.lastStamp, stamp + count - 1);
  }

  positioned(position: number, count: number): void {
    this.comparison.value(
      { how: "error", service: "log", request: {}, t: this.now },
      "position",
      this.end,
      position,
      true,
    );
    this.end = position + count;
  }

  /** The path of another file. */
  file(format: string): string {
    return path.join(this.home, `${this.files++}.${format}`);
  }
}
