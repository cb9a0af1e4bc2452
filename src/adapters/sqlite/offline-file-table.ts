import { assert } from "../../core/assert.ts";
import type { LogPosition } from "../../ports/event-log.ts";
import type { OfflineFile, OfflineState, RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

type OfflineFileMethods = Pick<RegistryStore, "offlineState" | "files" | "changeFiles" | "offlineView">;

export function offlineFileTable(connection: SqliteConnection): OfflineFileMethods {
  const readState = connection.prepare("select archived, applied from offline_state");
  const advance = connection.prepare("update offline_state set archived = max(archived, ?), applied = max(applied, ?)");
  const list = connection.prepare(`
    select path, stream, kind, position, "end", rows, bytes, min_event as minEvent, max_event as maxEvent,
      min_available as minAvailable, max_available as maxAvailable, checksum
    from offline_file where (?1 is null or stream = ?1) and (?2 is null or position < ?2) order by position, path`);
  const remove = connection.prepare("delete from offline_file where path = ?");
  const note = connection.prepare("insert into note values (?1, ?2) on conflict do update set value = ?2");
  const add = connection.prepare("insert into offline_file values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

  const state = (): OfflineState => ({ ...(readState.get() as unknown as OfflineState) });
  const files = (stream?: string, cut?: LogPosition): OfflineFile[] =>
    list.all(stream ?? null, cut ?? null).map(offlineFile);

  return {
    offlineState: () => connection.read(state),
    files: (stream, cut) => connection.read(() => files(stream, cut)),
    offlineView: (stream) => connection.read(() => ({ state: state(), files: files(stream) })),
    changeFiles: (change) =>
      connection.write(() => {
        for (const path of change.remove) assert(remove.run(path).changes === 1, `${path} is not in the list of files`);
        for (const file of change.add) {
          const { path, stream, kind, position, end, rows, bytes } = file;
          const times = [file.minEvent, file.maxEvent, file.minAvailable, file.maxAvailable];
          assert(times.every(Number.isSafeInteger), `${path}: a time is not a timestamp`);
          add.run(path, stream, kind, position, end, rows, bytes, ...times, file.checksum ?? null);
        }
        for (const [name, value] of Object.entries(change.notes ?? {})) note.run(name, value);
        advance.run(change.archived ?? 0, change.applied ?? 0);
      }),
  };
}

function offlineFile(row: unknown): OfflineFile {
  const { checksum, ...file } = row as Omit<OfflineFile, "checksum"> & { readonly checksum: number | null };
  return checksum === null ? file : { ...file, checksum };
}
