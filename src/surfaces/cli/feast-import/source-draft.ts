import type { Kind } from "../../../core/schema/data-type.ts";
import { pairsOf } from "./messages.ts";
import type { ImportedField, ImportedSource } from "./model.ts";
import { fieldName } from "./names.ts";
import type { FeastSource } from "./registry.ts";
import type { Warnings } from "./warnings.ts";

/** A source that gathers its fields from the views over it: Feast says nothing else of them. */
export class SourceDraft {
  readonly source: ImportedSource;
  private readonly fields: ImportedField[] = [];
  /** From the name that a column goes by to what it is called in files. */
  private readonly columns: ReadonlyMap<string, string>;

  constructor(name: string, data: FeastSource, warnings: Warnings) {
    const mapping = pairsOf(data.fieldMapping);
    this.columns = new Map(mapping.map(([column, called]) => [called, column]));
    const called = new Map(mapping);
    const time = (column: string): string => called.get(column) ?? column;
    const { timestampField = "event_timestamp", createdColumn = "" } = data;
    const eventTime = this.field(time(timestampField), "timestamp", false)!;
    const order = createdColumn === "" ? null : this.field(time(createdColumn), "timestamp", true);
    const file = localFile(data);
    if (file === null) warnings.add("FEAST_SOURCE", name);
    this.source = { name, fields: this.fields, eventTime, order, file };
  }

  /** The field of a column, added where it is new; null where it is there as another kind. */
  field(column: string, kind: Kind, nullable: boolean): string | null {
    const name = fieldName(column);
    const found = this.fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found.kind === kind && found.name === name ? name : null;
    const inFiles = this.columns.get(column) ?? column;
    this.fields.push({ name, kind, nullable, column: inFiles === name ? null : inFiles });
    return name;
  }
}

function localFile({ file }: FeastSource): string | null {
  const { uri = "", format } = file ?? {};
  if (uri === "" || format?.delta !== undefined) return null;
  if (uri.startsWith("file://")) return uri.slice("file://".length);
  return uri.includes("://") ? null : uri;
}
