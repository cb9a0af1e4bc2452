// `npm run fuzz`: every reader of bytes from elsewhere, from real bytes that were changed, and the HTTP server, from its
// own document. --cases (1,000,000 in all), --minutes (30), --seed (drawn, and printed), --target (a part of its name;
// "http" for the server), --out (fuzz-findings), --replay <file>. Exit code 1 where something was found.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { fuzzHttp, replayRequest } from "./http/fuzz-http.ts";
import { findingIn, replay } from "./replay.ts";
import { type Finding, fuzzTarget } from "./supervise.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    target: { type: "string", default: "" },
    out: { type: "string", default: "fuzz-findings" },
    replay: { type: "string" },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const whole = (value: number): string => Math.round(value).toLocaleString("en");

async function save(finding: Finding): Promise<string> {
  const file = path.join(values.out, `${finding.target}-${finding.seed}-${finding.number}.json`);
  await mkdir(values.out, { recursive: true });
  await writeFile(file, `${JSON.stringify(finding, null, 1)}\n`);
  return file;
}

async function fuzz(): Promise<number> {
  const [cases, minutes, seed] = [Number(values.cases), Number(values.minutes), Number(values.seed)];
  const chosen = targets.filter(({ name }) => name.includes(values.target));
  const withHttp = "http-server".includes(values.target);
  if (chosen.length === 0 && !withHttp) throw new Error(`there is no target ${values.target}`);
  say(`seed ${seed}, ${whole(cases)} cases, at most ${minutes} minutes`);
  const began = performance.now();
  const end = began + minutes * 60_000;
  const weights = chosen.reduce((sum, { weight }) => sum + weight, withHttp ? HTTP_WEIGHT : 0);
  let [all, found, peak] = [0, 0, 0];
  const tell = (name: string, tried: number, findings: number, seconds: number, megabytes: number): void => {
    [all, found, peak] = [all + tried, found + findings, Math.max(peak, megabytes)];
    say(
      `${name.padEnd(22)} ${whole(tried).padStart(10)} cases  ${String(findings).padStart(3)} findings  ` +
        `${whole(tried / seconds).padStart(8)} a second  ${whole(megabytes).padStart(6)} MB at the most`,
    );
  };
  let left = weights;
  for (const target of chosen) {
    // What one does not need of its share of the time is for those behind it.
    const share = (end - performance.now()) * Math.max(target.weight / left, 1 / (chosen.length + 1));
    left -= target.weight;
    const report = await fuzzTarget(target, {
      seed,
      cases: Math.max(target.batch, Math.ceil((cases * target.weight) / weights)),
      until: Math.min(end, performance.now() + share),
    });
    tell(target.name, report.cases, report.findings.length, report.seconds, report.peak);
    for (const finding of report.findings) say(`      ${await save(finding)}: ${finding.error.split("\n", 1)[0]}`);
  }
  if (withHttp) {
    const started = performance.now();
    const share = Math.max(1_000, end - started);
    const report = await fuzzHttp({ seed, cases: Math.ceil((cases * HTTP_WEIGHT) / weights), milliseconds: share });
    tell("http-server", report.cases, report.findings.length, (performance.now() - started) / 1000, report.megabytes);
    say(
      `      answers ${Object.entries(report.statuses)
        .map(([status, n]) => `${status}: ${whole(n)}`)
        .join(", ")}`,
    );
    for (const [i, { error, request: bytes }] of report.findings.entries())
      say(`      ${await save({ target: "http-server", seed, number: i, sample: "", error, bytes })}: ${error}`);
  }
  say(
    `${whole(all)} cases of seed ${seed}, ${found} findings, ${whole(peak)} MB at the most, ${((performance.now() - began) / 60_000).toFixed(1)} min`,
  );
  return found;
}

/** The server's share, beside the weights of the targets. */
const HTTP_WEIGHT = 1;

if (values.replay !== undefined) {
  const finding = await findingIn(values.replay);
  const { target, bytes } = finding;
  const error =
    target === "http-server" && bytes !== null
      ? await replayRequest(Buffer.from(bytes, "base64"))
      : await replay(finding);
  say(error ?? "nothing is wrong any more");
  process.exitCode = error === null ? 0 : 1;
} else process.exitCode = (await fuzz()) === 0 ? 0 : 1;
