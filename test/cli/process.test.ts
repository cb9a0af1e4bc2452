import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ended, Project } from "./project.ts";

let project: Project;
beforeAll(() => {
  project = new Project();
  writeFileSync(project.path("package.json"), '{"type":"module"}');
  writeFileSync(project.path("asof.config.ts"), "export default { definitions: {} };\n");
});
afterAll(() => project.remove());

test("ends well, with its text on stdout, or with 1 and its error on stderr", async () => {
  expect(await project.run(["--version"])).toMatchObject({ code: 0, err: "" });
  expect(await project.run(["stats"])).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/^ASOF_USAGE: /) });
});

test("a reader that goes away is no error", async () => {
  const child = project.start(["--help"]);
  child.stdout!.destroy();
  const { code, err } = await ended(child);
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

test("writes no colour and no progress where there is no terminal", async () => {
  const { err } = await project.run(["stats"]);
  // oxlint-disable-next-line no-control-regex
  expect(err).not.toMatch(/\u001b/);
});

test("a demo is one process, and its server says that it is one", async () => {
  expect(await project.error(["serve", "--demo", "--workers", "2"])).toMatchObject({ code: "ASOF_USAGE" });
  const child = project.start(["serve", "--demo", "--port", "0", "--json"]);
  const end = ended(child);
  let out = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on("data", (text: Buffer) => {
      out += text.toString();
      if (out.trimEnd().endsWith("}")) resolve((JSON.parse(out) as { url: string }).url);
    });
    child.once("exit", () => reject(new Error(`it ended: ${out}`)));
  });
  expect(await (await fetch(`${url}/v1/demo`)).json()).toEqual({ on: true, onlineLatency: 0 });
  child.kill("SIGTERM");
  expect(await end).toMatchObject({ code: 0 });
});

describe.skipIf(process.platform === "win32")("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s stops the work, with a coded error and %i", async (signal, code) => {
    const child = project.start(["ingest", "orders", "-"]);
    const end = ended(child);
    // More than pipes hold: written to the end once the command reads.
    await new Promise((resolve) => child.stdin!.write("a,b\n".repeat(1 << 20), resolve));
    child.kill(signal);
    const { code: exit, out, err } = await end;
    expect({ exit, out }).toEqual({ exit: code, out: "" });
    expect(err).toContain(`ASOF_INTERRUPTED: interrupted by ${signal}`);
  });
});
