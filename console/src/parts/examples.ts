import type { Value } from "../api/answers.ts";
import { ask } from "../api/ask.ts";
import type { exampleOf, Texts } from "./inputs.ts";
import { textOf } from "./value.tsx";

/** Inputs of a service as they stand in the newest records of a source. @throws ClientError */
export async function examplesOf({
  source,
  fields,
}: NonNullable<ReturnType<typeof exampleOf>>): Promise<readonly Texts[]> {
  const { records } = await ask<{ records: readonly { row: Readonly<Record<string, Value>> }[] }>(
    `/v1/samples/${encodeURIComponent(source)}?rows=50`,
  );
  return records.map(({ row }) =>
    Object.fromEntries(Object.entries(fields).map(([input, field]) => [input, textIn(row[field])])),
  );
}

function textIn(value: Value | undefined): string {
  return value === undefined || value === null || value === "" ? "" : textOf(value);
}
