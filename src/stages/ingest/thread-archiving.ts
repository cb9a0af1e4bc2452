import { AsofError } from "../../core/errors.ts";
import { receivedError } from "../../core/posted-error.ts";
import type { Stream } from "../../core/definition/stream.ts";
import type { SideThread, StartSideThread } from "../../ports/side-thread.ts";
import type { ArchivedLog, ArchiveRange } from "./archive-log.ts";
import type { FromArchiveThread, StorePlace, ToArchiveThread } from "./archive-messages.ts";

/** From so many records on: fewer are archived in the time that it takes a thread to be there. */
const THREAD_FROM = 100_000;
/** How soon it is seen that somebody waits, in milliseconds. */
const LOOK_MS = 50;

/** A thread that archiving may have. */
export interface ArchiveThread {
  readonly start: StartSideThread;
  readonly store: StorePlace;
  /** How many records it takes for it to be asked. Default 100,000. */
  readonly from?: number | undefined;
}

/** Archives in another thread, one run at a time: this one is free meanwhile. Should that end, there is no other. */
export class ThreadArchiving {
  private readonly offered: ArchiveThread;
  private readonly schemas: { toJSON(): unknown };
  private readonly withdrawn: Readonly<Record<string, Stream>>;
  private thread: SideThread | null = null;
  private running: PromiseWithResolvers<ArchivedLog> | null = null;
  private isOver = false;

  /** @param withdrawn where the withdrawals of sources are kept */
  constructor(offered: ArchiveThread, schemas: { toJSON(): unknown }, withdrawn: Readonly<Record<string, Stream>>) {
    this.offered = offered;
    this.schemas = schemas;
    this.withdrawn = withdrawn;
  }

  /** Whether a run is long enough for a thread, and there is one. */
  isFor({ from, cut }: ArchiveRange): boolean {
    return !this.isOver && cut - from >= (this.offered.from ?? THREAD_FROM);
  }

  /** @param rests whether it rests for the sake of others: until it does not any more */
  async run(range: ArchiveRange, rests: () => boolean): Promise<ArchivedLog> {
    const thread = (this.thread ??= this.start());
    const running = (this.running = Promise.withResolvers<ArchivedLog>());
    thread.keepAlive(true);
    const { store } = this.offered;
    const schemas = JSON.stringify(this.schemas);
    const isResting = rests();
    this.post(thread, { kind: "archive", ...range, store, schemas, withdrawals: this.withdrawn, rests: isResting });
    const timer = isResting ? setInterval(() => rests() || this.post(thread, { kind: "hurry" }), LOOK_MS) : undefined;
    try {
      return await running.promise;
    } finally {
      clearInterval(timer);
      this.running = null;
      thread.keepAlive(false);
    }
  }

  /** Ends the thread. No run is under way. */
  async close(): Promise<void> {
    await this.thread?.close();
    this.thread = null;
  }

  private start(): SideThread {
    return this.offered.start(
      (message) => this.hear(message as FromArchiveThread),
      (cause) => {
        this.thread = null;
        this.isOver = true;
        this.running?.reject(new AsofError("ASOF_INTERNAL", "the thread that archives the log ended", {}, cause));
      },
    );
  }

  private hear(told: FromArchiveThread): void {
    if (told.kind === "archived") this.running?.resolve(told.outcome);
    else this.running?.reject(receivedError(told.error));
  }

  private post(thread: SideThread, message: ToArchiveThread): void {
    thread.post(message);
  }
}
