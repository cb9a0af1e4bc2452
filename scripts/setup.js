// Makes a clone ready to run: installs packages when they are missing or stale, then compiles src/ into dist/ when
// sources changed. Every npm script runs it first, so it must start under an older Node, depend on nothing, write
// to stderr only, and be quiet and fast when there is nothing to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);

const installStamp = at("node_modules", ".asof-setup");
const buildStamp = at("dist", ".asof-build");
const consoleStamp = at("dist", ".asof-console");
const lockFile = at("node_modules", ".asof-setup.lock");
/** A lock whose holder is gone counts as stale at once, any other one after this long. */
const lockExpiry = 30 * 60_000;

const read = (file) => {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};
const say = (message) => process.stderr.write(`asof setup: ${message}\n`);
const sleep = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

function fail(message) {
  say(message);
  process.exit(1);
}

/** What the installed packages depend on: a changed script or description does not ask for a new installation. */
function installKey() {
  const manifest = JSON.parse(fs.readFileSync(at("package.json"), "utf8"));
  const wanted = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies, manifest.overrides];
  return createHash("sha256")
    .update(JSON.stringify([wanted, process.platform, process.arch]))
    .update(read(at("package-lock.json")) ?? "")
    .update(read(at("console", "package.json")) ?? "")
    .digest("hex");
}

function filesUnder(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const sources = () => filesUnder(at("src")).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));

function buildKey(key) {
  return keyOf(key, [at("tsconfig.json"), at("tsconfig.build.json"), ...sources()]);
}

function keyOf(start, files) {
  const hash = createHash("sha256").update(start);
  for (const file of files) {
    const { mtimeMs, size } = fs.statSync(file);
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("hex");
}

/** Of what is in src/, beside types, which leave no trace in it, the console takes the client alone. */
const consoleKey = () =>
  keyOf(installKey(), [...filesUnder(at("console")), ...filesUnder(at("src", "surfaces", "client"))]);

const installed = () => read(installStamp) === installKey() && fs.existsSync(at("node_modules", ".bin", "node"));
const built = () => sources().length === 0 || read(buildStamp) === buildKey(installKey());
const consoleBuilt = () => !fs.existsSync(at("console", "index.html")) || read(consoleStamp) === consoleKey();
const ready = () => installed() && built() && consoleBuilt();

function run(command, args, options = {}) {
  // The child's stdout goes to our stderr: a script's stdout belongs to the script.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2], ...options });
  if (error) say(`${command}: ${error.message}`);
  return status ?? 1;
}

function install() {
  say("installing packages (about a minute the first time)");
  fs.rmSync(installStamp, { force: true });
  const args = ["install", "--no-audit", "--no-fund", "--include=dev", "--loglevel=error"];
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const npm = process.env.npm_execpath;
  const status = npm?.endsWith(".js")
    ? run(process.execPath, [npm, ...args], { env })
    : run("npm", args, { env, shell: process.platform === "win32" });
  if (status !== 0) fail("npm install failed; see above");
  fs.writeFileSync(installStamp, installKey());
}

/** Compiled files whose source is gone would still be importable and shipped. */
function removeOrphans() {
  for (const file of filesUnder(at("dist"))) {
    if (file.startsWith(at("dist", "console") + path.sep)) continue;
    const match = /^(.*?)(\.d\.ts|\.js|\.js\.map)$/.exec(path.relative(at("dist"), file));
    if (match && !fs.existsSync(at("src", `${match[1]}.ts`))) fs.rmSync(file);
  }
}

function build() {
  const key = buildKey(installKey());
  fs.rmSync(buildStamp, { force: true });
  const node = at("node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  const tsc = at("node_modules", "typescript", "bin", "tsc");
  const { status, stdout, error } = spawnSync(
    fs.existsSync(node) ? node : process.execPath,
    [tsc, "-p", "tsconfig.build.json", "--pretty", "false"],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", 2] },
  );
  if (!fs.existsSync(at("dist"))) fail(`tsc produced nothing: ${error?.message ?? stdout}`);
  removeOrphans();
  if (status === 0) {
    fs.writeFileSync(buildStamp, key);
  } else {
    // Wrong types do not keep a test from running; `npm run check` and `npm run build` are what fails on them.
    const errors = stdout.split("\n").filter((line) => line.includes(": error TS"));
    say(`compiled in spite of ${errors.length} type errors (npm run check), the first: ${errors[0] ?? stdout}`);
  }
}

/** A console that does not build keeps nothing else from running; `npm run build` is what fails on it. */
function buildConsole() {
  const key = consoleKey();
  fs.rmSync(consoleStamp, { force: true });
  const node = at("node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  const vite = at("node_modules", "vite", "bin", "vite.js");
  const args = [vite, "build", "console", "--logLevel", "warn"];
  if (run(fs.existsSync(node) ? node : process.execPath, args) === 0) fs.writeFileSync(consoleStamp, key);
  else say("the console was not built; see above");
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** @returns whether the lock was taken */
function takeLock() {
  fs.mkdirSync(path.dirname(lockFile), { recursive: true });
  try {
    fs.writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  let age;
  const holder = read(lockFile);
  try {
    age = Date.now() - fs.statSync(lockFile).mtimeMs;
  } catch {
    return false; // released meanwhile: the next try takes it
  }
  const stale = holder === "" ? age > 10_000 : age > lockExpiry || !isAlive(Number(holder));
  // Renaming lets one of several waiters win; the others find the file gone and try again.
  if (stale && read(lockFile) === holder) {
    const aside = `${lockFile}.${process.pid}`;
    try {
      fs.renameSync(lockFile, aside);
      fs.rmSync(aside, { force: true });
    } catch {
      // another waiter removed it
    }
  }
  return false;
}

function withLock(work) {
  let waiting = false;
  while (!takeLock()) {
    if (!waiting) say("waiting for another setup of this folder to end");
    waiting = true;
    sleep(100);
    if (ready()) return;
  }
  try {
    work();
  } finally {
    if (read(lockFile) === String(process.pid)) fs.rmSync(lockFile, { force: true });
  }
}

// process.exit skips `finally`. A process ended by a signal leaves its lock, stale from then on.
process.on("exit", () => {
  if (read(lockFile) === String(process.pid)) fs.rmSync(lockFile, { force: true });
});

if (!ready()) {
  withLock(() => {
    if (!installed()) install();
    if (!built()) build();
    if (!consoleBuilt()) buildConsole();
  });
}
