import type { TrailEntry } from "../../../core/access/trail.ts";
import type { Trail } from "../../../core/result/access.ts";
import type { Caller } from "./caller.ts";

/** Milliseconds in which requests are counted together. */
const TOGETHER = 1000;
/** Different ones in that time; beyond, what they were about is left out. */
const DIFFERENT = 1000;

type Counted = Omit<TrailEntry, "requests" | "until"> & { requests: number; until: number };

/** What is done, for the audit trail: actions one by one, and requests that are alike once a second. */
export class TrailRecorder {
  private readonly trail: Pick<Trail, "append">;
  private readonly failed: (error: unknown) => void;
  private counted = new Map<string, Counted>();
  private timer: NodeJS.Timeout | null = null;
  private readonly writing = new Set<Promise<void>>();

  /** @param failed hears why requests that were counted could not be recorded */
  constructor(trail: Pick<Trail, "append">, failed: (error: unknown) => void) {
    this.trail = trail;
    this.failed = failed;
  }

  /** An action; resolves once it is on disk. */
  act({ who, name }: Caller, action: string, target: string | null, outcome: string, requestId: string): Promise<void> {
    const now = Date.now() * 1000;
    const what = { who, name, via: "http", action, target, outcome } as const;
    return this.trail.append([{ ...what, requests: 1, from: now, until: now, requestId }]);
  }

  /** One of many requests. */
  count({ who, name }: Caller, action: string, target: string | null, outcome: string): void {
    const now = Date.now() * 1000;
    const about = this.counted.size < DIFFERENT ? target : null;
    const key = `${action}\n${outcome}\n${who}\n${about}`;
    const found = this.counted.get(key);
    if (found !== undefined) {
      found.requests++;
      found.until = now;
      return;
    }
    const what = { who, name, via: "http", action, target: about, outcome } as const;
    this.counted.set(key, { ...what, requests: 1, from: now, until: now, requestId: null });
    this.timer ??= setTimeout(() => this.flush(), TOGETHER).unref();
  }

  /** Records what is counted. */
  async close(): Promise<void> {
    this.flush();
    await Promise.all(this.writing);
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.counted.size === 0) return;
    const entries = [...this.counted.values()];
    this.counted = new Map();
    const written = this.trail
      .append(entries)
      .catch(this.failed)
      .finally(() => this.writing.delete(written));
    this.writing.add(written);
  }
}
