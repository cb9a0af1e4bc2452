import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thisProcess } from "./process-identity.ts";
import { takeWriterLock } from "./writer-lock.ts";

let folder: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "asof-lock-"));
  path = join(folder, "writer.lock");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** Another process that runs the code; `take()` takes the lock there. */
function run(code: string): ChildProcess {
  const prelude = `
    import { readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    import { takeWriterLock } from ${JSON.stringify(new URL("./writer-lock.ts", import.meta.url).href)};
    const path = ${JSON.stringify(path)};
    const take = () => takeWriterLock(path);
    const tell = (text) => writeSync(1, text + "\\n");
  `;
  const args = ["--input-type=module", "-e", prelude + code];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  expect([code, signal]).toEqual(signal === null ? [0, null] : [null, "SIGKILL"]);
  return text;
}

async function killed(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

test("is held until it is released, and release is idempotent", async () => {
  const lock = await takeWriterLock(path);
  await expect(takeWriterLock(path)).rejects.toMatchObject({
    code: "ASOF_HOME_LOCKED",
    message: `process ${process.pid} holds ${path}`,
    details: { path, pid: process.pid },
  });
  await lock.release();
  const second = await takeWriterLock(path);
  await lock.release();
  await expect(takeWriterLock(path)).rejects.toMatchObject({ code: "ASOF_HOME_LOCKED" });
  await second.release();
});

test("of many processes that fight for it, killed while they hold it, never two hold it at once", async () => {
  // Who holds the lock makes a file that must not be there, and removes it before it lets go or dies. It also
  // removes its name beside the lock, so that the kernel's lock alone keeps the others out.
  const fighter = `
    const until = Date.now() + 1500;
    let held = 0;
    while (Date.now() < until) {
      const lock = await take().catch((error) => { if (error.code !== "ASOF_HOME_LOCKED") throw error; return null; });
      if (lock === null) { await sleep(Math.random() * 4); continue; }
      rmSync(path + ".holder", { force: true });
      try { writeFileSync(path + ".inside", "", { flag: "wx" }); } catch { tell("VIOLATION"); }
      await sleep(Math.random() * 4);
      rmSync(path + ".inside", { force: true });
      tell("held");
      if (++held % 4 === 0) process.kill(process.pid, "SIGKILL");
      await lock.release();
    }
  `;
  const team = async (): Promise<string> => (await output(run(fighter))) + (await output(run(fighter)));
  const outputs = (await Promise.all([team(), team(), team(), team()])).join("");
  expect(outputs).not.toContain("VIOLATION");
  expect(outputs.split("held").length).toBeGreaterThan(8);
  await (await takeWriterLock(path)).release();
});

test("a killed holder's lock is free at once, whatever it left behind", async () => {
  for (let i = 0; i < 3; i++) {
    const child = run(`await take(); tell("held"); process.stdin.resume();`);
    await once(child.stdout!, "data");
    expect(JSON.parse(await readFile(`${path}.holder`, "utf8"))).toMatchObject({ pid: child.pid });
    await killed(child);
    await (await takeWriterLock(path)).release();
  }
});

test("a running holder keeps its lock although it opened and closed the lock's file", async () => {
  // POSIX gives the kernel's lock up then; who the holder is still stands beside it.
  const child = run(`await take(); readFileSync(path); tell("held"); process.stdin.resume();`);
  await once(child.stdout!, "data");
  const refused = { code: "ASOF_HOME_LOCKED", details: { pid: child.pid } };
  await expect(takeWriterLock(path)).rejects.toMatchObject(refused);
  await killed(child);
  await (await takeWriterLock(path)).release();
});

test("a lock that its owner has lost sight of is not given up by garbage collection", async () => {
  const child = run(
    `
    await take();
    for (let i = 0; i < 50; i++) { gc(); await sleep(1); }
    tell("held");
    process.stdin.resume();
  `.replace(
      /^/,
      `import v8 from "node:v8"; import vm from "node:vm"; v8.setFlagsFromString("--expose-gc"); const gc = vm.runInNewContext("gc");`,
    ),
  );
  await once(child.stdout!, "data");
  await rm(`${path}.holder`);
  await expect(takeWriterLock(path)).rejects.toMatchObject({ code: "ASOF_HOME_LOCKED", details: { pid: null } });
});

test("a holder that is gone, of another boot, or unreadable does not block", async () => {
  const me = await thisProcess();
  const holders = [
    { ...me, pid: 2 ** 22 + 1 },
    { ...me, pid: process.ppid, started: "1" },
    { ...me, pid: process.ppid, boot: "another" },
    { pid: process.ppid },
    { pid: "x" },
    null,
  ];
  for (const holder of [...holders.map((holder) => JSON.stringify(holder)), "{", ""]) {
    await writeFile(`${path}.holder`, holder);
    const lock = await takeWriterLock(path);
    expect(JSON.parse(await readFile(`${path}.holder`, "utf8"))).toEqual(me);
    await lock.release();
  }
});

test("a folder that cannot hold a lock is named", async () => {
  await writeFile(join(folder, "file"), "");
  for (const bad of [join(folder, "missing", "lock"), join(folder, "file", "lock"), folder])
    await expect(takeWriterLock(bad)).rejects.toMatchObject({ code: "ASOF_HOME", details: { path: bad } });
});
