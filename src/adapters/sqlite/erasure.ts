import type { RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

const REDACTED = "(forgotten)";

export function erasure(connection: SqliteConnection): Pick<RegistryStore, "redact" | "rewrite"> {
  const redact = connection.prepare("update run set details = replace(details, ?1, ?2) where instr(details, ?1) > 0");
  return {
    redact: (texts) =>
      connection.write(() =>
        texts
          .filter((text) => text !== "" && !REDACTED.includes(text))
          .reduce((runs, text) => runs + Number(redact.run(text, REDACTED).changes), 0),
      ),
    rewrite: () =>
      connection.patiently(() => {
        connection.exec("vacuum");
        // What the log beside the file holds goes into the file, and the log is cut to nothing.
        const { busy } = connection.prepare("pragma wal_checkpoint(truncate)").get() as { busy: number };
        if (busy !== 0) throw busyReaders();
      }),
  };
}

/** As SQLite says it: so it is tried again. */
function busyReaders(): Error {
  return Object.assign(new Error("another connection reads what was replaced"), { errcode: 5 });
}
