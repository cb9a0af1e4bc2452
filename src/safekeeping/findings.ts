import { AsofError, type ErrorCode } from "../core/errors.ts";
import type { Finding, StorePart } from "../core/result/doctor.ts";

type Fix = () => Promise<unknown>;

/** What was found, each with what would mend it. */
export class Findings {
  private readonly found: { readonly finding: Omit<Finding, "fixable" | "fixed">; readonly fix: Fix | null }[] = [];

  add(finding: Omit<Finding, "fixable" | "fixed">, fix: Fix | null = null): void {
    this.found.push({ finding, fix });
  }

  /** What was thrown where something was looked at. What is no coded error is a fault of ours. */
  caught(error: unknown, part: StorePart, file: string, remedy: string): void {
    if (!(error instanceof AsofError) || error.code === "ASOF_INTERRUPTED") throw error;
    const named = error.details["file"] ?? error.details["path"] ?? file;
    this.add({
      part,
      code: error.code,
      what: error.message,
      file: String(named),
      remedy: remedyOf(error.code, remedy),
    });
  }

  has(part: StorePart): boolean {
    return this.found.some(({ finding }) => finding.part === part);
  }

  /** All of them; mended where that is asked for and can be done. */
  async settle(fix: boolean): Promise<Finding[]> {
    const settled: Finding[] = [];
    for (const { finding, fix: mend } of this.found) {
      if (fix) await mend?.();
      settled.push({ ...finding, fixable: mend !== null, fixed: fix && mend !== null });
    }
    return settled;
  }
}

function remedyOf(code: ErrorCode, remedy: string): string {
  return code === "ASOF_FORMAT" ? "Upgrade asof." : remedy;
}

/** The last resort. */
export const RESTORE = "Restore a backup into a new home: `asof restore <dir> --home <new>`.";
export const FIX = "Run `asof doctor --fix`.";
