import { fileURLToPath } from "node:url";
import { AsofError, type ErrorCode, type ErrorDetails, errorTable } from "./core/errors.ts";

/** Where a user's own code failed. */
interface Place {
  readonly file: string;
  readonly line: number;
}

const ownFolder = new URL(".", import.meta.url).href;

/**
 * Tells why a user's module, or one that it imports, could not be imported: the file, the line where Node says it,
 * and what to do. What our own functions threw in there keeps its code and details and gains the place.
 */
export function explainImportFailure(error: unknown, imported: string): AsofError {
  const { code, message, stack } = partsOf(error);
  const place = headPlace(stack) ?? framePlace(stack);
  const where: ErrorDetails = place === null ? { file: imported } : { file: place.file, line: place.line };
  if (Object.hasOwn(errorTable, code))
    return new AsofError(code as ErrorCode, message, { ...where, ...(error as AsofError).details }, error);
  const fail = (why: string, details: ErrorDetails = where) =>
    new AsofError("ASOF_CONFIG", `${details["file"] as string}: ${why}`, details, error);

  const unresolved = /^Cannot find (module|package) '(.+?)' imported from (.+)$/s.exec(message);
  if (unresolved !== null) {
    const [, kind, target, importer] = unresolved as unknown as [string, string, string, string];
    return fail(`it imports '${target}', ${missing(kind, target)}`, { file: importer, import: target });
  }
  const notExported = /^The requested module '(.+?)' does not provide an export named '(.+?)'$/.exec(message);
  if (notExported !== null) {
    const [, module, name] = notExported as unknown as [string, string, string];
    return fail(`'${module}' exports no '${name}'; if that is a type, write \`import { type ${name} }\``);
  }
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return fail(
      `${message}: Node runs TypeScript by leaving the types out, so write what remains as JavaScript ` +
        "(a union of strings for an enum, a field and an assignment for a parameter property, modules for namespaces)",
    );
  if (code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING")
    return fail(`${message}; a package must ship JavaScript: move the file into your project`);
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") return fail(`${message}; import .ts, .mts, .js or .mjs files`);
  if (error instanceof SyntaxError || code === "ERR_INVALID_TYPESCRIPT_SYNTAX") return fail(`syntax error: ${message}`);
  return fail(message);
}

function missing(kind: string, target: string): string {
  if (kind === "package") return `which is not installed: run \`npm install ${target}\``;
  return /\.[a-z]+$/i.test(target)
    ? "which does not exist"
    : 'which does not exist: Node needs the extension, as in "./name.ts"';
}

function partsOf(error: unknown): { readonly code: string; readonly message: string; readonly stack: string } {
  if (!(error instanceof Error)) return { code: "", message: String(error), stack: "" };
  const { code } = error as { code?: unknown };
  return { code: typeof code === "string" ? code : "", message: error.message, stack: error.stack ?? "" };
}

/** Node puts `file:line`, the source line and a marker before the stack of what it could not parse or link. */
function headPlace(stack: string): Place | null {
  return placeIn(/^(file:\/\/.+?):(\d+)\n/.exec(stack));
}

/**
 * The innermost frame in code that is neither ours nor Node's nor a package's. Asynchronous frames are those of
 * whoever asked for the import.
 */
function framePlace(stack: string): Place | null {
  for (const frame of stack.matchAll(/^ +at (?!async )[^\n]*?(file:\/\/[^\n]+?):(\d+):\d+\)?$/gm))
    if (!frame[1].startsWith(ownFolder) && !frame[1].includes("/node_modules/")) return placeIn(frame);
  return null;
}

function placeIn(match: RegExpExecArray | RegExpMatchArray | null): Place | null {
  return match === null ? null : { file: fileURLToPath(match[1].replace(/\?.*$/, "")), line: Number(match[2]) };
}
