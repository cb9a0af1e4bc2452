// `npm run torture`: a server is killed with SIGKILL at random moments, round after round, and what it leaves is held
// against what it had acknowledged. --rounds (200), --seed (drawn, and printed), --minutes (120), --redis (the online
// store in a Redis). Exit code 1 where a record was
// lost or doubled, a value differs, or anything is left that does not belong to the store.
import { parseArgs } from "node:util";
import { isClean, torture } from "./torture.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    minutes: { type: "string", default: "120" },
    redis: { type: "boolean", default: false },
  },
});
const [rounds, seed, minutes] = [Number(values.rounds), Number(values.seed), Number(values.minutes)];
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const count = (value: number): string => value.toLocaleString("en");

say(`seed ${seed}, ${rounds} rounds`);
const began = performance.now();
const report = await torture({
  rounds,
  seed,
  seconds: minutes * 60,
  redis: values.redis,
  onRound: (round, kind, { records, dropped, lost, doubled, torn, different, findings, problems }) => {
    say(
      `${String(round + 1).padStart(4)}  ${kind.padEnd(11)}  ${count(records).padStart(9)} records  ` +
        `dropped ${count(dropped)}  lost ${lost}  doubled ${doubled}  torn ${torn}  different ${different}  left ${findings.length}`,
    );
    for (const problem of [...findings, ...problems]) say(`      ${problem}`);
  },
});
say("");
say(
  `rounds     ${report.rounds} (${Object.entries(report.kinds)
    .map(([kind, n]) => `${kind} ${n}`)
    .join(", ")})`,
);
say(
  `records    ${count(report.records)} in ${count(report.sent)} requests and loads, ${count(report.acknowledged)} acknowledged, ${count(report.repeated)} sent again`,
);
say(
  `done       ${Object.entries(report.done)
    .map(([what, n]) => `${what} ${n}`)
    .join(", ")}; killed while starting ${report.early}`,
);
say(`restored   ${report.restored} backups of the store at work`);
say(`lost       ${report.lost}; ${count(report.dropped)} of days that are no longer kept`);
say(`doubled    ${report.doubled}`);
say(`torn       ${report.torn}`);
say(`different  ${report.different} of ${count(report.compared)}`);
say(`problems   ${report.problems.length}`);
say(`took       ${((performance.now() - began) / 60_000).toFixed(1)} min`);
process.exitCode = isClean(report) && report.rounds === rounds ? 0 : 1;
