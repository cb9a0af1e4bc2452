import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { chmod, mkdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Held by whoever installs: test workers would install at once, and the package manager refuses the second. */
const LOCK = join(tmpdir(), "asof-debian-package.lock");
/** The age, in milliseconds, at which a lock is one that a killed process left behind. */
const STALE = 180_000;
/** Asked by Debian's packages before they start a service: 101 forbids it. */
const POLICY = "/usr/sbin/policy-rc.d";

/** A program of a Debian package, which is installed where it is missing; or why it cannot be had. */
export async function debianBinary(
  packageName: string,
  binary: string,
): Promise<{ readonly path: string } | { readonly missing: string }> {
  const present = await find(packageName, binary);
  if (present !== null) return { path: present };
  if (!existsSync("/usr/bin/apt-get")) return { missing: `${binary} is not installed, and this is not Debian` };
  if (process.getuid?.() !== 0) return { missing: `${binary} is not installed, and only root can install it` };
  await lock();
  try {
    const installed = await find(packageName, binary);
    if (installed !== null) return { path: installed };
    await install(packageName);
  } catch (error) {
    return { missing: `${packageName} cannot be installed: ${lastLine(error)}` };
  } finally {
    await rmdir(LOCK).catch(() => {});
  }
  const found = await find(packageName, binary);
  return found === null ? { missing: `the package ${packageName} has no ${binary}` } : { path: found };
}

/** On the path, or among the package's files: some keep their programs elsewhere. */
async function find(packageName: string, binary: string): Promise<string | null> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/sbin"];
  const files = await run("dpkg", ["-L", packageName]).then(
    ({ stdout }) => stdout.split("\n").filter((file) => basename(file) === binary && file.includes("bin/")),
    () => [],
  );
  return [...folders.map((folder) => join(folder, binary)), ...files].find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function install(packageName: string): Promise<void> {
  const forbids = !existsSync(POLICY);
  if (forbids) {
    await writeFile(POLICY, "#!/bin/sh\nexit 101\n");
    await chmod(POLICY, 0o755);
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...words: string[]): Promise<unknown> =>
    run("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=120", ...words], { env: environment, timeout: 150_000 });
  const add = (): Promise<unknown> => apt("install", "-y", "--no-install-recommends", packageName);
  try {
    // The lists of packages may be missing, or older than what the mirrors still have.
    await add().catch(() => apt("update").then(add));
  } finally {
    if (forbids) await rm(POLICY, { force: true });
  }
}

async function lock(): Promise<void> {
  for (;;) {
    try {
      await mkdir(LOCK);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const since = await stat(LOCK).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
    if (since !== null && Date.now() - since > STALE) await rmdir(LOCK).catch(() => {});
    else await sleep(200);
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return (stderr?.trim() || message).split("\n").at(-1)!;
}
