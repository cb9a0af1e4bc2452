/** "asof": marks the file as ours, where SQLite and file(1) look for it. */
export const APPLICATION_ID = 0x61736f66;

/**
 * Step i leads from version i to i + 1; the file's `user_version` is the number of steps it has taken. A step that
 * has been released is never edited. Timestamps and positions are integers within ±2^53.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table revision (
    number integer primary key,
    applied_at integer not null
  ) strict;

  -- Every definition ever applied.
  create table definition (
    fingerprint text primary key,
    kind text not null,
    name text not null,
    json text not null
  ) strict;

  -- What each revision was made of, in the order it was given.
  create table revision_definition (
    revision integer not null references revision,
    ordinal integer not null,
    fingerprint text not null references definition,
    primary key (revision, ordinal)
  ) strict, without rowid;

  create table run (
    id integer primary key,
    kind text not null,
    target text not null,
    started_at integer not null,
    ended_at integer,
    seconds real,
    state text not null,
    rows integer,
    bytes integer,
    location text not null,
    details text not null,
    pid integer not null,
    process_start text,
    boot text,
    pid_namespace text
  ) strict;
  create index run_by_kind on run (kind, target);

  create table offline_state (
    id integer primary key check (id = 0),
    archived integer not null,
    applied integer not null
  ) strict;
  insert into offline_state values (0, 0, 0);

  create table offline_file (
    path text primary key,
    stream text not null,
    kind text not null,
    position integer not null,
    "end" integer not null,
    rows integer not null,
    bytes integer not null,
    min_event integer not null,
    max_event integer not null,
    min_available integer not null,
    max_available integer not null
  ) strict;
  create index offline_file_by_position on offline_file (position, path);

  create table model_version (
    model text not null,
    version integer not null,
    created_at integer not null,
    fingerprint text not null,
    runtime text not null,
    sha256 text not null,
    bytes integer not null,
    details text not null,
    primary key (model, version)
  ) strict, without rowid;

  -- The last one of a model tells which version serves; ids rise in the order of the calls.
  create table promotion (
    id integer primary key,
    model text not null,
    version integer not null,
    at integer not null,
    foreign key (model, version) references model_version
  ) strict;
  create index promotion_by_version on promotion (model, version);

  create table note (
    name text primary key,
    value text not null
  ) strict, without rowid;
  `,
  // CRC-32 of a file's bytes; null for those listed before.
  "alter table offline_file add column checksum integer;",
  `
  -- Versions that are tried out beside the one that serves. The last one of a model and role tells; without a version
  -- none is. The share is a canary's.
  create table trial (
    id integer primary key,
    model text not null,
    role text not null check (role in ('canary', 'shadow')),
    version integer,
    share real check (share > 0 and share <= 1),
    at integer not null,
    foreign key (model, version) references model_version
  ) strict;
  create index trial_by_role on trial (model, role);
  create index trial_by_version on trial (model, version);
  `,
  `
  create table access_key (
    id text primary key,
    name text not null,
    hash text not null,
    grant_json text not null,
    rate real,
    created_at integer not null,
    created_by text not null,
    expires_at integer,
    revoked_at integer,
    revoked_by text,
    used_at integer
  ) strict;

  -- Grows with each key that is made or revoked, so that whoever serves sees it at a glance.
  create table access_version (
    id integer primary key check (id = 0),
    version integer not null
  ) strict;
  insert into access_version values (0, 0);

  -- What was done by the command, each entry of the audit trail as JSON.
  create table trail (
    id integer primary key,
    at integer not null,
    entry text not null
  ) strict;
  create index trail_by_time on trail (at);
  `,
];
