import { existsSync, readFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { AsofError } from "../../core/errors.ts";
import { interruption } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { withStandardInput } from "./standard-input.ts";

const io = (stdin: Readable, signal = new AbortController().signal): Io => ({
  stdin,
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  cwd: "/",
  signal,
});
const chunks = (...texts: string[]): Readable => Readable.from(texts.map((text) => Buffer.from(text, "latin1")));

test.each([
  [['{"a"', ":1}\n"], "ndjson"],
  [["\n  {}\n"], "ndjson"],
  [["\xef\xbb\xbf{}"], "ndjson"],
  [["a,b\n1,2\n"], "csv"],
  [["PAR1\0\xff"], "parquet"],
] as const)("keeps %j whole, as %s, and leaves nothing behind", async (texts, format) => {
  let kept = "";
  const told = await withStandardInput(io(chunks(...texts)), undefined, async (file, format) => {
    kept = file;
    expect(readFileSync(file, "latin1")).toBe(texts.join(""));
    return format;
  });
  expect(told).toBe(format);
  expect(kept).toMatch(new RegExp(`\\.${format}$`));
  expect(existsSync(kept)).toBe(false);
});

test("a stated format wins", async () => {
  expect(await withStandardInput(io(chunks("{}")), "csv", async (_file, format) => format)).toBe("csv");
});

test("empty input is refused", async () => {
  await expect(withStandardInput(io(chunks()), undefined, async () => {})).rejects.toMatchObject({
    code: "ASOF_EMPTY",
    details: { file: "-" },
  });
});

test("an error about the file is one about standard input", async () => {
  const failing = withStandardInput(io(chunks("x")), undefined, async (file) => {
    throw new AsofError("ASOF_TYPE", `${file}, row 3: no`, { file, row: 3 });
  });
  await expect(failing).rejects.toMatchObject({
    code: "ASOF_TYPE",
    message: "standard input, row 3: no",
    details: { file: "-", row: 3 },
  });
});

test("waiting for input ends when the user stops it", async () => {
  const controller = new AbortController();
  const endless = new PassThrough();
  endless.write("a,b\n");
  const waiting = withStandardInput(io(endless, controller.signal), undefined, async () => {});
  setImmediate(() => controller.abort(interruption("SIGINT")));
  await expect(waiting).rejects.toMatchObject({ code: "ASOF_INTERRUPTED", details: { signal: "SIGINT" } });
});
