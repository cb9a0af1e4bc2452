import { readFile } from "node:fs/promises";
import { caseOf, tryCase } from "./cases.ts";
import type { Finding } from "./supervise.ts";
import { targets } from "./targets.ts";

/** Tries what was found once more. Null where nothing is wrong any more. */
export async function replay({ target: name, seed, number, sample: from, bytes }: Finding): Promise<string | null> {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const open = await target.open();
  try {
    const sample = open.samples.find((one) => one.name === from);
    const made =
      bytes === null || sample === undefined
        ? caseOf(target, open, seed, number)
        : { sample, bytes: new Uint8Array(Buffer.from(bytes, "base64")) };
    const verdict = await tryCase(target, open, made);
    return verdict.is === "finding" ? verdict.error : null;
  } finally {
    await open.close?.();
  }
}

export async function findingIn(file: string): Promise<Finding> {
  return JSON.parse(await readFile(file, "utf8")) as Finding;
}
