import cliProgress from "cli-progress";
import type { Progress } from "../../core/result/progress.ts";
import { bytes, count, seconds } from "./format.ts";
import type { Io } from "./io.ts";
import { cut, visible, width } from "./text.ts";

/** How far work has come, as one line of a terminal, drawn over itself and cleared at the end. */
export interface ProgressBar {
  readonly show: (progress: Progress) => void;
  readonly close: () => void;
}

export function progressBar(stream: Io["stderr"], now: () => number = () => performance.now()): ProgressBar {
  let bar: cliProgress.SingleBar | null = null;
  let phase: string | null = null;
  let startedAt = 0;
  let latest: Progress;
  const close = (): void => {
    bar?.stop();
    bar = null;
    phase = null;
  };
  const show = (progress: Progress): void => {
    // The last drawing of a phase is of that phase.
    if (progress.phase !== phase) close();
    latest = progress;
    if (bar === null) {
      phase = progress.phase;
      startedAt = now();
      bar = new cliProgress.SingleBar({
        stream,
        fps: 10,
        format: () => progressLine(latest, (now() - startedAt) / 1000, columnsOf(stream)),
        clearOnComplete: true,
        forceRedraw: true,
        // Ours end the process; and a cursor hidden when it is killed would stay hidden.
        gracefulExit: false,
        hideCursor: null,
        linewrap: true,
      });
      bar.start(progress.total ?? 1, progress.done);
    } else bar.update(progress.done);
  };
  return { show, close };
}

/** A terminal that does not know its width says 0. */
function columnsOf({ columns }: Io["stderr"]): number {
  return columns === undefined || columns === 0 ? 80 : columns;
}

const BAR = 24;

/** `reading  [########------]  52 %  1,560,000 / 3,000,000 rows  2.1 s left`, cut to the width. */
export function progressLine({ phase, done, total, unit }: Progress, elapsed: number, columns: number): string {
  const amount = (value: number): string => (unit === "bytes" ? bytes(value) : count(Math.round(value)));
  const name = unit === "bytes" ? "" : ` ${unit}`;
  const parts = [visible(phase)];
  if (total === null) parts.push(`${amount(done)}${name}`, seconds(elapsed));
  else {
    const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1;
    const full = Math.floor(share * BAR);
    parts.push(`[${"#".repeat(full)}${"-".repeat(BAR - full)}]`, `${String(Math.floor(share * 100)).padStart(3)} %`);
    parts.push(`${amount(done)} / ${amount(total)}${name}`);
    // A guess from the first moments would jump about.
    if (elapsed >= 2 && share > 0.02 && share < 1) parts.push(`${seconds((elapsed * (1 - share)) / share)} left`);
  }
  let line = parts.join("  ");
  while (width(line) >= columns && parts.length > 1) {
    parts.pop();
    line = parts.join("  ");
  }
  return cut(line, columns - 1);
}
