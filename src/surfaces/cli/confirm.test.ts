import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "./confirm.ts";
import { interruption } from "./exit-code.ts";

function terminal(signal = new AbortController().signal) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  return { stdin, stdout, stderr, env: {}, cwd: "/", signal };
}

test.each([
  ["y\n", true],
  ["YES\n", true],
  ["n\n", false],
  ["\n", false],
  ["yellow\n", false],
])("%j means %s", async (answer, meant) => {
  const io = terminal();
  io.stdin.write(answer);
  expect(await confirm(io, "Apply?")).toBe(meant);
  expect(String(io.stderr.read())).toBe("Apply? [y/N] ");
  expect(io.stdout.read()).toBeNull();
});

test("the end of the input is no", async () => {
  const io = terminal();
  io.stdin.end();
  expect(await confirm(io, "Apply?")).toBe(false);
});

test("a signal is no answer", async () => {
  const controller = new AbortController();
  const asked = confirm(terminal(controller.signal), "Apply?");
  setImmediate(() => controller.abort(interruption("SIGINT")));
  await expect(asked).rejects.toMatchObject({ code: "ASOF_INTERRUPTED", details: { signal: "SIGINT" } });
});
