import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import JSZip from "jszip";
import { expect, test } from "vitest";
import { t } from "../../core/schema/data-type.ts";
import { ydfRuntime } from "./ydf-runtime.ts";
import { createYdfTrainer } from "./ydf-trainer.ts";

test("one bit that differs in a stored model is refused, wherever it is", async () => {
  const rows = 300;
  const x = Float64Array.from({ length: rows }, (_, row) => (row * 37) % 101);
  const { bytes } = await createYdfTrainer("gradientBoostedTrees").train(
    {
      rows,
      features: { x: { type: t.float64(), values: x, valid: null } },
      label: x.map((value) => value ** 2),
      task: "regression",
    },
    {},
  );
  // Uncompressed, so that the change reaches YDF as it is: decompression would notice most.
  const archive = await JSZip.loadAsync(bytes);
  const stored = await archive.generateAsync({ type: "uint8array", compression: "STORE" });
  const model = await ydfRuntime.load({ runtime: "ydf", bytes: stored });
  expect(await model.predict({ x: { type: t.float64(), values: x, valid: null } }, rows)).toHaveLength(rows);
  model.close();
  const nodes = Buffer.from(stored).indexOf("nodes-00000-of-00001") + 100;
  for (let at = nodes; at < nodes + 2000; at += 101) {
    const damaged = stored.slice();
    damaged[at] ^= 1;
    await expect(ydfRuntime.load({ runtime: "ydf", bytes: damaged })).rejects.toMatchObject({ code: "ASOF_CORRUPT" });
  }
});

test("a length in a model that its checksums bear out, and its bytes do not, takes no memory", async () => {
  const rows = 50;
  const x = Float64Array.from({ length: rows }, (_, row) => row);
  const { bytes } = await createYdfTrainer("gradientBoostedTrees").train(
    { rows, features: { x: { type: t.float64(), values: x, valid: null } }, label: x, task: "regression" },
    {},
  );
  const archive = await JSZip.loadAsync(bytes);
  const nodes = await archive.files["nodes-00000-of-00001"].async("uint8array");
  new DataView(nodes.buffer, nodes.byteOffset).setUint32(8, 0x3f00_0000, true);
  archive.file("nodes-00000-of-00001", nodes);
  const damaged = await archive.generateAsync({ type: "uint8array" });
  const before = process.resourceUsage().maxRSS;
  await expect(ydfRuntime.load({ runtime: "ydf", bytes: damaged })).rejects.toMatchObject({
    code: "ASOF_CORRUPT",
    message: expect.stringContaining("a blob at byte 0 has 1056964608 bytes, beyond its end"),
  });
  // In kilobytes: YDF took a gigabyte before it looked.
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000);
});

test.each([
  ["model_1.zip", "its classes are"],
  ["model_2.zip", "CATEGORICAL_SET"],
])("a model of YDF that asof cannot serve is refused with the reason: %s", async (name, reason) => {
  const bytes = await readFile(createRequire(import.meta.url).resolve(`ydf-inference/test/${name}`));
  const loading = ydfRuntime.load({ runtime: "ydf", bytes });
  await expect(loading).rejects.toMatchObject({ code: "ASOF_CORRUPT", message: expect.stringContaining(reason) });
});
