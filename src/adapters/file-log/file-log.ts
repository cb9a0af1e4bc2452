import type { EventLog } from "../../ports/event-log.ts";
import type { Recovery } from "./recover.ts";

/** An event log in a folder of segment files. */
export interface FileLog extends EventLog {
  /** Payload bytes of appends under way. The log takes what it is given: who bounds memory looks here. */
  readonly pendingBytes: number;
  /** The torn tail that opening cut off, or null. */
  readonly recovery: Recovery | null;
}
