// The process that tries cases: what crashes, hangs or fills the memory does so here, and is seen from outside.
import { caseOf, tryCase, type Case } from "./cases.ts";
import { plantedTarget } from "./planted.ts";
import { shrink } from "./shrink.ts";
import type { FromHost, ToHost } from "./supervise.ts";

const [name, seed] = [process.argv[2], Number(process.argv[3])];
const { targets } = name === plantedTarget.name ? { targets: [plantedTarget] } : await import("./targets.ts");
const target = targets.find((one) => one.name === name);
if (target === undefined) throw new Error(`there is no target ${name}`);
const open = await target.open();
/** Waits until it is told: what comes next may end the process. */
const tell = (message: FromHost): Promise<void> => new Promise((resolve) => process.send!(message, () => resolve()));
const peak = (): number => process.resourceUsage().maxRSS / 1024;

/** Tries a case; a case that takes long is a finding as well. */
async function verdictOf(made: Case): Promise<string | null> {
  const began = performance.now();
  const verdict = await tryCase(target!, open, made);
  if (verdict.is === "finding") return verdict.error;
  const took = performance.now() - began;
  return took > SLOW ? `took ${Math.round(took)} ms` : null;
}

const SLOW = 5_000;
/** The line of an error that says which it is. */
const kindOf = (error: string | null): string => (error ?? "").split("\n", 1)[0].replaceAll(/\d+/g, "#");

async function run({ from, until, one }: ToHost): Promise<void> {
  for (let number = from; number < until; number++) {
    if (one) await tell({ is: "trying", number });
    const made = caseOf(target!, open, seed, number);
    const error = await verdictOf(made);
    if (error === null) continue;
    const kind = kindOf(error);
    const finding = { is: "finding", number, sample: made.sample.name, error } as const;
    await tell({ ...finding, bytes: Buffer.from(made.bytes).toString("base64") });
    if (one || error.startsWith("took")) continue;
    const fails = async (bytes: Uint8Array): Promise<boolean> => kindOf(await verdictOf({ ...made, bytes })) === kind;
    await tell({ ...finding, bytes: Buffer.from(await shrink(made.bytes, fails)).toString("base64") });
  }
  await tell({ is: "done", until, peak: peak() });
}

process.on("message", (message: ToHost) => void run(message));
process.on("disconnect", () => process.exit(0));
await tell({ is: "ready", peak: peak() });
