import JSZip from "jszip";
import { expect, test } from "vitest";
import { t } from "../../core/schema/data-type.ts";
import { canonicalArchive } from "./canonical-archive.ts";
import { fieldsOf, lengthDelimited, messageOf } from "../../core/codec/protobuf-field.ts";
import { createYdfTrainer } from "./ydf-trainer.ts";

const change = (message: Uint8Array, number: number, content: (old: Uint8Array) => Uint8Array): Uint8Array =>
  messageOf(
    fieldsOf(message).map((field) =>
      field.number === number ? lengthDelimited(number, content(field.content!)) : field,
    ),
  );

/** The entries of a dictionary the other way round, behind its other fields. */
function withItemsTurned(categorical: Uint8Array): Uint8Array {
  const fields = fieldsOf(categorical);
  const items = fields.filter(({ number }) => number === 7);
  return messageOf([...fields.filter(({ number }) => number !== 7), ...items.toReversed()]);
}

test.each(["gradientBoostedTrees", "randomForest"] as const)(
  "undoes another order of dictionaries, another moment and another id: %s",
  async (learner) => {
    const rows = 300;
    const words = Array.from({ length: rows }, (_, row) => `word ${row % 7}`);
    const { bytes } = await createYdfTrainer(learner).train(
      {
        rows,
        features: { word: { type: t.string(), values: words, valid: null } },
        label: Float64Array.from({ length: rows }, (_, row) => (row % 7 > 3 ? 1 : 0)),
        task: "classification",
      },
      {},
    );
    const { files } = await JSZip.loadAsync(bytes);
    const other = new JSZip();
    for (const name of Object.keys(files).toReversed()) {
      const content = await files[name].async("uint8array");
      if (name === "data_spec.pb") {
        const turned = change(content, 1, (column) => change(column, 6, withItemsTurned));
        expect(Buffer.compare(turned, content)).not.toBe(0);
        other.file(name, turned);
      } else if (name === "header.pb") {
        const stamped = change(content, 10, (metadata) =>
          Buffer.concat([metadata, Buffer.from([2 << 3, 77, 3 << 3, 99])]),
        );
        expect(stamped.length).toBe(content.length + 4);
        other.file(name, stamped);
      } else if (name === "random_forest_header.pb") {
        const turned = change(content, 4, (noted) =>
          change(noted, 2, (evaluation) => change(evaluation, 8, (column) => change(column, 6, withItemsTurned))),
        );
        expect(Buffer.compare(turned, content)).not.toBe(0);
        other.file(name, turned);
      } else other.file(name, content);
    }
    const saved = await other.generateAsync({ type: "uint8array" });
    expect(Buffer.compare(await canonicalArchive(saved), bytes)).toBe(0);
  },
);
