import JSZip from "jszip";
import { fieldsOf, lengthDelimited, messageOf, type ProtobufField } from "../../core/codec/protobuf-field.ts";

/** Field numbers of YDF's abstract_model.proto, data_spec.proto, random_forest.proto and metric.proto. */
const HEADER = { metadata: 10 };
const METADATA = { createdDate: 2, uid: 3 };
const DATA_SPEC = { columns: 1 };
const FOREST = { outOfBag: 4 };
const OUT_OF_BAG = { evaluation: 2 };
const EVALUATION = { label: 8 };
const COLUMN = { categorical: 6 };
const CATEGORICAL = { items: 7 };

/** The earliest moment a zip can state. */
const DATE = new Date(Date.UTC(1980, 0, 1));

/**
 * The same model, as the same bytes: YDF stamps what it saves with the time and a random id, and writes dictionaries
 * in the random order of their hash table. The result is compressed, and remains a model that any YDF reads.
 */
export async function canonicalArchive(saved: Uint8Array | ArrayBuffer): Promise<Uint8Array> {
  const from = await JSZip.loadAsync(saved);
  const to = new JSZip();
  for (const name of Object.keys(from.files).toSorted()) {
    const content = await from.files[name].async("uint8array");
    to.file(name, canonicalFile(name, content), { date: DATE, createFolders: false });
  }
  return to.generateAsync({ type: "uint8array", compression: "DEFLATE", platform: "UNIX" });
}

function canonicalFile(name: string, content: Uint8Array): Uint8Array {
  if (name === "header.pb") return withoutProvenance(content);
  if (name === "data_spec.pb") return withSortedDictionaries(content);
  if (name === "random_forest_header.pb") return withSortedLabels(content);
  return content;
}

function withoutProvenance(header: Uint8Array): Uint8Array {
  return mapField(header, HEADER.metadata, (metadata) =>
    messageOf(fieldsOf(metadata).filter(({ number }) => number !== METADATA.createdDate && number !== METADATA.uid)),
  );
}

function withSortedDictionaries(spec: Uint8Array): Uint8Array {
  return mapField(spec, DATA_SPEC.columns, withSortedDictionary);
}

/** What a forest notes of itself tells the label's dictionary each time. */
function withSortedLabels(header: Uint8Array): Uint8Array {
  return mapField(header, FOREST.outOfBag, (noted) =>
    mapField(noted, OUT_OF_BAG.evaluation, (evaluation) =>
      mapField(evaluation, EVALUATION.label, withSortedDictionary),
    ),
  );
}

function withSortedDictionary(column: Uint8Array): Uint8Array {
  return mapField(column, COLUMN.categorical, sortItems);
}

/** The order of a map's entries has no meaning in Protocol Buffers. */
function sortItems(categorical: Uint8Array): Uint8Array {
  const fields = fieldsOf(categorical);
  const isItem = ({ number }: ProtobufField): boolean => number === CATEGORICAL.items;
  const items = fields.filter(isItem).sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  return messageOf([...fields.filter((field) => !isItem(field)), ...items]);
}

function mapField(message: Uint8Array, number: number, change: (content: Uint8Array) => Uint8Array): Uint8Array {
  return messageOf(
    fieldsOf(message).map((field) =>
      field.number === number && field.content !== null ? lengthDelimited(number, change(field.content)) : field,
    ),
  );
}
