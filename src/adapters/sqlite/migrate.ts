import { AsofError } from "../../core/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";
import { damaged } from "./sqlite-error.ts";

/**
 * Brings the file to the newest version, and makes it durable and shared; several processes may do so at once.
 * @throws ASOF_FORMAT where the file is newer than that, ASOF_CORRUPT where it is another's. Both stay as they were.
 */
export async function migrate(connection: SqliteConnection): Promise<void> {
  await connection.patiently(() => {
    // Before anything else, so that a foreign file is not changed.
    version(connection);
    const { journal_mode: mode } = connection.prepare("pragma journal_mode = wal").get() as { journal_mode: string };
    if (mode !== "wal")
      throw new AsofError("ASOF_HOME", `the file system of ${connection.path} cannot be shared by processes`, {
        path: connection.path,
      });
    connection.exec("pragma synchronous = full");
  });
  if ((await connection.patiently(() => version(connection))) === MIGRATIONS.length) return;
  await connection.write(() => {
    for (const step of MIGRATIONS.slice(version(connection))) connection.exec(step);
    connection.exec(`pragma application_id = ${APPLICATION_ID}`);
    connection.exec(`pragma user_version = ${MIGRATIONS.length}`);
  });
}

function version(connection: SqliteConnection): number {
  const { application, version, tables } = connection
    .prepare(
      `select application_id as application, user_version as version, (select count(*) from sqlite_schema) as tables
       from pragma_application_id, pragma_user_version`,
    )
    .get() as { application: number; version: number; tables: number };
  if (application === 0 && version === 0 && tables === 0) return 0;
  if (application !== APPLICATION_ID) throw damaged(connection.path, "it is a database of something else");
  if (version > MIGRATIONS.length)
    throw new AsofError("ASOF_FORMAT", `${connection.path} has format ${version}, newer than ${MIGRATIONS.length}`, {
      file: connection.path,
      format: version,
    });
  return version;
}
