import { AsofError } from "../../core/errors.ts";
import { type Stage, stages, type StageTimer } from "../../core/result/stage-timer.ts";
import type { Answer, Route } from "./route.ts";

/** What a route declares whose answers can be timed. */
export const timingQuery: Route["query"] = {
  timing: {
    description: "`true` tells in the header `Server-Timing` what the answer took, and of that what its parts did",
    schema: { enum: ["true"] },
  },
};

/** Measures one answer. */
export class ServerTiming implements StageTimer {
  private readonly began = performance.now();
  private readonly took = new Map<Stage, number>();
  private stage: Stage | null = null;
  private since = this.began;

  begin(stage: Stage | null): void {
    const now = performance.now();
    if (this.stage !== null) this.took.set(this.stage, (this.took.get(this.stage) ?? 0) + now - this.since);
    this.stage = stage;
    this.since = now;
  }

  /** The answer with what it took; in milliseconds, as the header has it. */
  tell(answer: Answer): Answer {
    this.begin(null);
    const parts: [string, number][] = stages.flatMap((stage) => {
      const took = this.took.get(stage);
      return took === undefined ? [] : [[stage, took] as [string, number]];
    });
    const all = [...parts, ["total", this.since - this.began] as const];
    return { timing: all.map(([name, took]) => `${name};dur=${took.toFixed(4)}`).join(", "), answer };
  }
}

/** Null where nobody asks for it, and nothing is measured. @throws ASOF_REQUEST */
export function timingIn({ timing }: Readonly<Record<string, string>>): ServerTiming | null {
  if (timing === undefined) return null;
  if (timing === "true") return new ServerTiming();
  throw new AsofError("ASOF_REQUEST", `\`timing\` is true or left out, not ${timing}`, { parameter: "timing" });
}
