import type { RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

export function noteTable(connection: SqliteConnection): Pick<RegistryStore, "note" | "setNote"> {
  const get = connection.prepare("select value from note where name = ?");
  const set = connection.prepare("insert into note values (?1, ?2) on conflict do update set value = ?2");
  return {
    note: (name) => connection.read(() => (get.get(name) as { value: string } | undefined)?.value ?? null),
    setNote: (name, value) => connection.write(() => void set.run(name, value)),
  };
}
