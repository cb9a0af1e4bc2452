import type { LoadOutcome } from "../../core/result/outcomes.ts";
import { usage } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** What the user said of a table to load. */
export interface TableFlags {
  /** An address, or true where the environment has it. */
  readonly postgres: string | true;
  readonly table: string | undefined;
  readonly position: string | undefined;
  readonly margin: string | undefined;
  readonly rejects: boolean | undefined;
  /** What goes with files only. */
  readonly files: readonly string[];
  readonly refused: Readonly<Record<string, unknown>>;
}

/** Loads what is new in a table of a database. */
export async function loadTable(run: Invocation, source: string, flags: TableFlags): Promise<LoadOutcome> {
  const { postgres, table, position, margin, rejects, files, refused } = flags;
  if (files.length > 0) throw usage(`--postgres loads a table, and no files: not ${files.join(", ")}`);
  const [other] = stated(refused);
  if (other !== undefined) throw usage(`--postgres does not go with --${other}`);
  if (table === undefined) throw usage("--postgres needs --table <name>");
  if (position === undefined) throw usage("--postgres needs --position <column>, which tells what is new");
  return run.withStore((store) =>
    store.loadTable(source, {
      ...run.work(),
      ...(postgres === true ? {} : { url: postgres }),
      table,
      position,
      ...(margin === undefined ? {} : { margin }),
      ...(rejects === undefined ? {} : { rejects }),
    }),
  );
}

/** The options that were stated, as the user writes them. */
export function stated(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
}
