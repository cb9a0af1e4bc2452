import type { TrailEntry } from "../../core/access/trail.ts";
import type { RegistryStore } from "../../ports/registry-store.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

export function trailTable(connection: SqliteConnection): Pick<RegistryStore, "addTrail" | "trail"> {
  const add = connection.prepare("insert into trail (at, entry) values (?, ?)");
  const list = connection.prepare("select entry from trail where at >= ? order by at desc, id desc limit ?");
  return {
    addTrail: (entry) => connection.write(() => void add.run(entry.until, JSON.stringify(entry))),
    trail: (since, limit) =>
      connection.read(() => list.all(since, limit).map((row) => JSON.parse(row["entry"] as string) as TrailEntry)),
  };
}
