import { assert } from "../../core/assert.ts";
import type { RegistryStore, Run } from "../../ports/registry-store.ts";
import { isGone, thisProcess } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

type RunRow = Run & ProcessIdentity;

const COLUMNS = `
  id, kind, target, started_at as startedAt, ended_at as endedAt, seconds, state, rows, bytes, location, details,
  pid, process_start as start, boot, pid_namespace as namespace`;

export function runTable(connection: SqliteConnection): Pick<RegistryStore, "startRun" | "finishRun" | "runs"> {
  const me = thisProcess();
  const start = connection.prepare(`
    insert into run (kind, target, started_at, state, location, details, pid, process_start, boot, pid_namespace)
    values (?, ?, ?, 'running', ?, '{}', ?, ?, ?, ?)`);
  const finish = connection.prepare(`
    update run set ended_at = ?, seconds = ?, state = ?, rows = ?, bytes = ?, details = ?
    where id = ? and state = 'running'`);
  const list = connection.prepare(`
    select ${COLUMNS} from run
    where (?1 is null or kind = ?1) and (?2 is null or target = ?2) order by id desc limit ?3`);

  const state = (row: RunRow): Run["state"] => (row.state === "running" && isGone(row, me) ? "interrupted" : row.state);

  return {
    startRun: ({ kind, target, startedAt, location }) =>
      connection.write(() => {
        const added = start.run(kind, target, startedAt, location, me.pid, me.start, me.boot, me.namespace);
        return Number(added.lastInsertRowid);
      }),
    finishRun: (id, { endedAt, seconds, state, rows, bytes, details }) =>
      connection.write(() => {
        const { changes } = finish.run(endedAt, seconds, state, rows, bytes, details, id);
        assert(changes === 1, `run ${id} is not running`);
      }),
    runs: (filter = {}) =>
      connection.read(() => {
        // SQLite takes a negative limit for none.
        const rows = list.all(filter.kind ?? null, filter.target ?? null, filter.limit ?? -1) as unknown as RunRow[];
        return rows.map((row) => {
          const { pid: _pid, start: _start, boot: _boot, namespace: _namespace, ...run } = row;
          return { ...run, state: state(row) };
        });
      }),
  };
}
