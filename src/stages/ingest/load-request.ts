import type { AggregateViewDefinition, SourceDefinition } from "../../core/definition/data.ts";
import { type FileFormat, fileRelation } from "../../core/plan/file-relation.ts";
import type { WorkOptions } from "../../core/result/progress.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";

export interface LoadRequest extends WorkOptions {
  readonly source: SourceDefinition;
  /** The aggregate views over it: what they cannot take is refused. */
  readonly views: readonly AggregateViewDefinition[];
  readonly files: readonly string[];
  readonly format: FileFormat;
  /** The files as a table in SQL, where that is not by their names and format. */
  readonly relation?: string;
  /** What is noted with the load, in the same step. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Only rows available in [from, until). */
  readonly from: Timestamp | null;
  readonly until: Timestamp | null;
  /** Sets bad rows aside; otherwise the first one refuses the load. */
  readonly rejects: boolean;
  /** Names this load. */
  readonly id: string;
  /** What the moment is; undeclared rows of a later load are available from then on. */
  readonly now: Timestamp;
  /** Whether the source has no rows yet. */
  readonly first: boolean;
  /** The request's idempotency key; null without one. */
  readonly key: string | null;
}

/** What a load reads, as a table in SQL. */
export function relationOf({ relation, files, format }: LoadRequest): string {
  return relation ?? fileRelation(files, format);
}
