import { StreamSchemas } from "../../core/codec/stream-schemas.ts";
import { postedError } from "../../core/posted-error.ts";
import { archiveLog, type ArchivedLog, type ArchivingParts } from "./archive-log.ts";
import type { FromArchiveThread, StorePlace, ToArchiveThread } from "./archive-messages.ts";

/** The parts of a store that a thread opens beside the one that has it open, for one run. */
export type OpenedParts = Pick<ArchivingParts, "engine" | "log" | "files">;

/** Archives in a thread of its own, one run at a time. Gives what is to be called with each message. */
export function archiveThread(
  post: (message: FromArchiveThread) => void,
  open: (store: StorePlace) => Promise<OpenedParts>,
): (message: ToArchiveThread) => void {
  let rests = false;

  const archive = async (wanted: Extract<ToArchiveThread, { readonly kind: "archive" }>): Promise<ArchivedLog> => {
    rests = wanted.rests;
    const schemas = new StreamSchemas();
    schemas.restore(wanted.schemas);
    const parts = await open(wanted.store);
    try {
      const withdrawals: ArchivingParts["withdrawals"] = (source) => wanted.withdrawals[source] ?? null;
      return await archiveLog({ ...parts, schemas, withdrawals }, wanted, () => rests);
    } finally {
      await parts.engine.close();
    }
  };

  return (message) => {
    if (message.kind === "hurry") rests = false;
    else
      archive(message).then(
        (outcome) => post({ kind: "archived", outcome }),
        (error: unknown) => post({ kind: "failed", error: postedError(error) }),
      );
  };
}
