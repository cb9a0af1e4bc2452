import { writeSync } from "node:fs";
import { entryOf, textEntry } from "./event-log-entries.ts";
import type { EventLogUnderTest } from "./event-log-under-test.ts";

// A writer that is there to be killed: it appends for ever, and tells of each entry once that is acknowledged.

const [moduleUrl, place, task, firstId] = process.argv.slice(2);
const { subject } = (await import(moduleUrl)) as { subject: EventLogUnderTest };
const log = await subject.open(place, { segmentBytes: 150_000 });
let id = Number(firstId);
let appended = 0;

const tell = (line: string): void => {
  writeSync(1, `${line}\n`);
};

async function appendOne(): Promise<void> {
  const own = id++;
  const position = await log.append(entryOf(own, Math.max(0, log.lastStamp + 1 + (own % 3))));
  tell(`appended ${own} ${position}.`);
  if (++appended % 100 !== 0) return;
  const end = await log.roll();
  tell(`dropping ${end - 300}`);
  await log.dropBefore(Math.max(0, end - 300));
}

if (task === "hold") {
  await log.append(textEntry(log, "held"));
  tell("ready");
  process.stdin.resume();
} else {
  const callers = Array.from({ length: 8 }, async () => {
    for (;;) await appendOne();
  });
  await Promise.all(callers);
}
