import { parentPort, type Transferable } from "node:worker_threads";
import type { RecordTable } from "../../core/kernel/aggregate-moments.ts";
import { type Placeable, placesOf, type ReadRecords, recordTable } from "../../core/kernel/record-table.ts";
import type { Column } from "../../core/schema/column.ts";

export type TableRequest =
  | { readonly wanted: "table"; readonly records: ReadRecords }
  | { readonly wanted: "places"; readonly records: Placeable };

parentPort!.on("message", (asked: TableRequest) => {
  if (asked.wanted === "table") {
    const table = recordTable(asked.records);
    parentPort!.postMessage(table, memoryOf(table));
  } else {
    const places = placesOf(asked.records);
    parentPort!.postMessage(places, [places.first.buffer as ArrayBuffer, places.place.buffer as ArrayBuffer]);
  }
});

/** The memory of a table, which is handed over. */
function memoryOf({ first, visible, event, byEvent, slots, keys = [], sums, withdrawn }: RecordTable): Transferable[] {
  const columns = [...slots, ...keys].filter((column): column is Column => column !== null);
  const arrays = [
    first,
    visible,
    event,
    byEvent,
    ...(sums?.values() ?? []),
    withdrawn?.at,
    withdrawn?.order,
    ...columns.flatMap(({ values, valid }) => [values, valid]),
  ];
  return arrays.flatMap((array) => (ArrayBuffer.isView(array) ? [array.buffer as ArrayBuffer] : []));
}
