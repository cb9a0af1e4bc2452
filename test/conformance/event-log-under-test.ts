import type { EventLog } from "../../src/ports/event-log.ts";

/** An event log, and where it keeps what it stores. A place is what `open` opens: a folder, the name of a topic. */
export interface EventLogUnderTest {
  readonly name: string;
  /** Makes a place for a log that does not exist yet. */
  makePlace(): Promise<string>;
  /** Removes a place and all in it. */
  removePlace(place: string): Promise<void>;
  open(place: string, options?: EventLogTestOptions): Promise<EventLog>;
  /** The module that exports this as `subject`, for tests with processes of their own. */
  readonly module: string;
  /** The files whose bytes are the log, oldest first, for tests that damage them; or why there are none. */
  readonly files: ((place: string) => Promise<string[]>) | { readonly skip: string };
}

export interface EventLogTestOptions {
  /** About how many bytes make a segment. */
  readonly segmentBytes?: number;
}
