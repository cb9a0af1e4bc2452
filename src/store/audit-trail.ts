import type { AccessKey } from "../core/access/access-key.ts";
import { type TrailEntry, trailStream } from "../core/access/trail.ts";
import { sqlIdentifier, sqlString } from "../core/expression/sql-text.ts";
import type { Trail, TrailFilter } from "../core/result/access.ts";
import { parseTimestamp, type Timestamp } from "../core/time/timestamp.ts";
import type { WriterLink } from "../ports/writer-link.ts";
import type { OpenStore } from "./open-store.ts";

const LIMIT = 100;

/**
 * Who did what. What comes over HTTP is appended to the log, where it is one stream beside the others; what the command
 * did is in the registry, since it may not write to the log while a server does.
 */
export class AuditTrail implements Trail {
  private readonly store: OpenStore;
  private readonly link: WriterLink;

  constructor(store: OpenStore, link: WriterLink) {
    this.store = store;
    this.link = link;
  }

  append(entries: readonly TrailEntry[]): Promise<void> {
    const records = entries.map((entry) => ({
      event: entry.from,
      row: { ...entry, requests: BigInt(entry.requests) },
    }));
    return this.link.append(trailStream, records);
  }

  note(entry: TrailEntry): Promise<void> {
    return this.store.parts.registry.addTrail(entry);
  }

  async read({ since, who, limit = LIMIT }: TrailFilter = {}): Promise<TrailEntry[]> {
    const { registry } = this.store.parts;
    const from = since === undefined ? Number.MIN_SAFE_INTEGER : parseTimestamp(since);
    const isAsked = (entry: TrailEntry): boolean => entry.until >= from && (who === undefined || entry.who === who);
    const noted = (await registry.trail(from, who === undefined ? limit : -1)).filter(isAsked);
    const keyed = (await registry.keys()).flatMap(entriesOf).filter(isAsked);
    const logged = await this.store.undisturbed(() => this.logged(from, who, limit));
    return [...logged, ...noted, ...keyed].sort((a, b) => b.until - a.until).slice(0, limit);
  }

  private async logged(since: Timestamp, who: string | undefined, limit: number): Promise<TrailEntry[]> {
    const { engine, log, refresh } = this.store.parts;
    await refresh();
    const session = await engine.session();
    try {
      const view = "asof_trail";
      if ((await this.store.offline.attach(session, view, trailStream, { cut: log.end })) === 0) return [];
      const columns = Object.keys(trailStream.fields).map(sqlIdentifier).join(", ");
      const isAsked = [`epoch_us("until") >= ${since}`, ...(who === undefined ? [] : [`who = ${sqlString(who)}`])];
      const rows = await session.rows(
        `SELECT ${columns} FROM ${view} WHERE ${isAsked.join(" AND ")} ORDER BY "until" DESC LIMIT ${limit}`,
        trailStream.fields,
      );
      return rows.map((row) => ({ ...row, requests: Number(row["requests"]) }) as unknown as TrailEntry);
    } finally {
      await session.close();
    }
  }
}

/** A key's own row says who made it and who revoked it. */
function entriesOf({ id, createdAt, createdBy, revokedAt, revokedBy }: AccessKey): TrailEntry[] {
  const entry = (action: string, who: string, at: Timestamp): TrailEntry => ({
    who,
    name: null,
    via: "cli",
    action,
    target: `key:${id}`,
    outcome: "ok",
    requests: 1,
    from: at,
    until: at,
    requestId: null,
  });
  const made = entry("keys create", createdBy, createdAt);
  return revokedAt === null || revokedBy === null ? [made] : [made, entry("keys revoke", revokedBy, revokedAt)];
}
