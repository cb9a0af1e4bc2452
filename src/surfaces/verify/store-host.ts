import { AsofError } from "../../core/errors.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import { open, threadTime } from "../../open.ts";
import type { CourseStore, FromStore, StoreCall, StoreSettings } from "./course-store.ts";
import type { Subject } from "./subject.ts";

/** Holds a store for another process, which calls it, and may kill this one at any instant. */
export async function hostStore(subject: Subject, settings: StoreSettings): Promise<void> {
  const { home, archiveFrom, compactFrom, threadsFrom } = settings;
  let now: Timestamp = settings.now;
  const clock = {
    now: () => now,
    ...threadTime,
    reserve: settings.reserve,
    advance: (to: Timestamp) => void (now = Math.max(now, to)),
  };
  // Nobody is left who could call.
  process.on("disconnect", () => process.exit(0));
  const say = (message: FromStore): void => void process.send!(message);
  const store: CourseStore = await open(
    { definitions: subject.definitions, home, memory: "256MB", threads: 1 },
    {
      clock,
      whenLocked: "refuse",
      archiveFrom,
      compactFrom,
      ...(threadsFrom === undefined ? {} : { threadsFrom }),
    },
  );
  process.on("message", ({ id, now: at, method, args }: StoreCall) => {
    now = Math.max(now, at);
    // Whatever is called has the arguments that its type wants: `CourseStore` is what the other side has.
    const called = (store[method] as (...given: unknown[]) => Promise<unknown>).apply(store, [...args]);
    called.then(
      (value) => say({ id, value }),
      (error: unknown) => say({ id, error: plainError(error) }),
    );
  });
  say({ id: 0, value: null });
}

function plainError(error: unknown): Exclude<FromStore, { value: unknown }>["error"] {
  if (error instanceof AsofError) return { code: error.code, message: error.message };
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
