import type { AccessKey } from "../../src/core/access/access-key.ts";
import type { TrailEntry } from "../../src/core/access/trail.ts";
import type { ModelVersion, OfflineFile, StoredDefinition } from "../../src/ports/registry-store.ts";

export const definitionOf = (name: string, content = ""): StoredDefinition => ({
  kind: "source",
  name,
  fingerprint: `fingerprint of ${name} ${content}`,
  json: JSON.stringify({ name, content }),
});

export const fileOf = (path: string, part: Partial<OfflineFile> = {}): OfflineFile => ({
  path,
  stream: "flights",
  kind: "load",
  position: 0,
  end: 1,
  rows: 10,
  bytes: 1_000,
  minEvent: 1,
  maxEvent: 2,
  minAvailable: 3,
  maxAvailable: 4,
  ...part,
});

export const modelOf = (model: string, sha256 = "00"): Omit<ModelVersion, "version" | "promotedAt"> => ({
  model,
  createdAt: 5,
  fingerprint: "f",
  runtime: "ydf",
  sha256,
  bytes: 77,
  details: '{"auc":0.7}',
});

export const keyOf = (id: string, part: Partial<AccessKey> = {}): AccessKey => ({
  id,
  name: `key ${id}`,
  hash: "ab".repeat(32),
  grant: { scopes: ["read", "ingest"], only: { source: ["flights"] } },
  rate: null,
  createdAt: 5,
  createdBy: "user:ada",
  expiresAt: null,
  revokedAt: null,
  revokedBy: null,
  usedAt: null,
  ...part,
});

export const entryOf = (until: number, part: Partial<TrailEntry> = {}): TrailEntry => ({
  who: "user:ada",
  name: null,
  via: "cli",
  action: "apply",
  target: null,
  outcome: "ok",
  requests: 1,
  from: until,
  until,
  requestId: null,
  ...part,
});
