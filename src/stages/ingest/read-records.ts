import { namingFields } from "../../core/codec/key-text.ts";
import type { SourceDefinition } from "../../core/definition/data.ts";
import { sqlIdentifier } from "../../core/expression/sql-text.ts";
import { type FileFormat, fileRelation } from "../../core/plan/file-relation.ts";
import { rowAt } from "../../core/schema/column.ts";
import type { DataType, Fields, Row } from "../../core/schema/data-type.ts";
import type { OfflineEngine } from "../../ports/offline-engine.ts";
import { badRow, castFields, problemSql } from "./cast-fields.ts";

export interface FilesToRead {
  readonly source: SourceDefinition;
  /** The fields wanted: those of the source, or of its `id`. */
  readonly fields: Fields;
  readonly files: readonly string[];
  readonly format: FileFormat;
  /** Rows that are given at once. */
  readonly rows: number;
  readonly signal?: AbortSignal;
}

const PROBLEM = "__problem";
const textType: DataType = { kind: "string", nullable: true };

/**
 * The rows of files, each field cast to its type, in portions.
 * @throws AsofError ASOF_FILE, ASOF_MISSING_FIELD, ASOF_TYPE …, naming the row
 */
export async function* readRecords(
  engine: OfflineEngine,
  { source, fields, files, format, rows, signal }: FilesToRead,
): AsyncGenerator<readonly Row[]> {
  const session = await engine.session(signal === undefined ? {} : { signal });
  try {
    const relation = fileRelation(files, format);
    const casts = castFields(source, fields, await session.describe(`SELECT * FROM ${relation}`), files);
    const values = casts.map(({ field, cast }) => `${cast.value} AS ${sqlIdentifier(field)}`);
    const sql = `SELECT ${values.join(", ")}, ${problemSql(casts, fields, namingFields(source, []))} AS ${PROBLEM} FROM ${relation}`;
    // A bad row holds nulls where there may be none.
    const types = Object.entries(fields).map(([name, type]) => [name, { ...type, nullable: true }]);
    let portion: Row[] = [];
    let read = 0;
    for await (const batch of session.columns(sql, { ...(Object.fromEntries(types) as Fields), [PROBLEM]: textType }))
      for (let i = 0; i < batch.rows; i++) {
        const { [PROBLEM]: problem, ...row } = rowAt(batch, i);
        if (problem !== null) throw badRow(source.name, files, read, String(problem));
        read++;
        portion.push(row);
        if (portion.length < rows) continue;
        yield portion;
        portion = [];
      }
    if (portion.length > 0) yield portion;
  } finally {
    await session.close();
  }
}
