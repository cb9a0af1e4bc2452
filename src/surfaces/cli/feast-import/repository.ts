import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { LineCounter, parse, YAMLParseError } from "yaml";
import { AsofError } from "../../../core/errors.ts";
import { pythonRegistry } from "./python-registry.ts";
import { type FeastRegistry, readRegistry } from "./registry.ts";

export interface Repository {
  readonly project: string;
  readonly registry: FeastRegistry;
  /** Where the registry came from. */
  readonly from: string;
}

export interface RepositoryOptions {
  /** The registry's file, in place of the one that feature_store.yaml names. */
  readonly registry: string | null;
  /** A Python that has Feast, to load the repository with. */
  readonly python: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Reads a Feast repository: what `feast apply` wrote into its registry's file, or with a Python what its own files say.
 * @throws ASOF_FILE
 */
export async function readRepository(folder: string, options: RepositoryOptions): Promise<Repository> {
  const { project, registry } = await readStoreFile(folder, options.env);
  if (options.python !== null) {
    const bytes = await pythonRegistry(options.python, folder, options.signal);
    return { project, registry: readRegistry(bytes, folder), from: `the Python files of ${folder}` };
  }
  const file = options.registry ?? (registry === null ? null : path.resolve(folder, registry));
  if (file === null || !existsSync(file))
    throw new AsofError(
      "ASOF_FILE",
      `${folder} has no registry in a file${file === null ? "" : `: ${file} does not exist`}. Run \`feast apply\` there, name the file with --registry, or give a Python that has Feast with --python`,
      { folder, file },
    );
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new AsofError("ASOF_FILE", `${file} cannot be read: ${(error as Error).message}`, { file }, error);
  }
  return { project, registry: readRegistry(bytes, file), from: file };
}

/** The project's name and the registry's file, null where that is no file here. */
async function readStoreFile(
  folder: string,
  env: RepositoryOptions["env"],
): Promise<{ readonly project: string; readonly registry: string | null }> {
  const file = path.join(folder, "feature_store.yaml");
  const refuse = (why: string, cause?: unknown): AsofError =>
    new AsofError("ASOF_FILE", `${file} ${why}`, { file }, cause);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw refuse("cannot be read: name the folder that holds it", error);
  }
  let content: unknown;
  const lineCounter = new LineCounter();
  try {
    // Its pretty errors show the line, which may hold a password.
    content = parse(withVariables(text, env), { prettyErrors: false, lineCounter });
  } catch (error) {
    const { message } = error as Error;
    const at = error instanceof YAMLParseError ? ` (line ${lineCounter.linePos(error.pos[0]).line})` : "";
    throw refuse(`is not valid YAML: ${message}${at}`);
  }
  if (typeof content !== "object" || content === null) throw refuse("is no configuration of Feast");
  const { project, registry } = content as Readonly<Record<string, unknown>>;
  if (typeof project !== "string") throw refuse("names no project");
  return { project, registry: registryFile(registry) };
}

function registryFile(registry: unknown): string | null {
  if (typeof registry === "object" && registry !== null) {
    const { registry_type: type = "file", path: at } = registry as Readonly<Record<string, unknown>>;
    return type === "file" ? registryFile(at) : null;
  }
  // Another store than the disk: s3://, gs://, postgresql://.
  return typeof registry === "string" && !registry.includes("://") ? registry : null;
}

/** With `$NAME` and `${NAME}` replaced by variables of the environment that there are, as Feast does. */
function withVariables(text: string, env: RepositoryOptions["env"]): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced?: string, bare?: string) => env[braced ?? bare!] ?? whole,
  );
}
