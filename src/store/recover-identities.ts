import type { StreamSchemas } from "../core/codec/stream-schemas.ts";
import type { SourceDefinition } from "../core/definition/data.ts";
import { storedDefinition } from "../core/definition/stored-definition.ts";
import { AsofError } from "../core/errors.ts";
import { sourcesIn } from "../core/plan/source-change.ts";
import type { EventLog } from "../ports/event-log.ts";
import type { Identities } from "../stages/ingest/identities.ts";
import { replayIdentities } from "../stages/ingest/identity-replay.ts";
import type { Intake } from "../stages/ingest/intake.ts";
import { indexLoad, rowsOfLoad } from "../stages/ingest/load-identity.ts";
import { canRebuild, rebuildIdentities, rememberFromNow } from "../stages/ingest/rebuild-identities.ts";
import type { StoreParts } from "./store-parts.ts";

interface Recovered {
  readonly parts: StoreParts;
  readonly log: EventLog;
  readonly schemas: StreamSchemas;
  readonly identities: Identities;
  readonly intake: Intake;
}

/** Brings the index of identities up to the log, and finishes the request that a crash has cut short. */
export async function recoverIdentities({ parts, log, schemas, identities, intake }: Recovered): Promise<void> {
  const { engine, registry, files } = parts;
  await identities.open();
  await rememberFromNow(registry);
  if (identities.position < log.start) await rebuild(parts, log, identities);
  const unfinished = await replayIdentities(identities, {
    log,
    schemas,
    // As long as others are not applied, records are named as those that are say.
    sources: await appliedSources(parts),
    load: async (source, position) => {
      const rows = rowsOfLoad(await registry.files(source.source.name), files, source.source, position);
      if (rows === null) return;
      const session = await engine.session();
      try {
        await indexLoad(session, identities, source, position, rows);
      } finally {
        await session.close();
      }
    },
  });
  if (unfinished !== null) await intake.redo(unfinished.source, unfinished.redo);
  await identities.sweep(parts.clock.now());
}

async function appliedSources({ catalog, registry }: StoreParts): Promise<ReadonlyMap<string, SourceDefinition>> {
  const { definitions } = await registry.revision();
  return new Map([...catalog.sources, ...sourcesIn(definitions).map((source) => [source.name, source] as const)]);
}

/** Makes the index of identities again, which is lost, or was restored from before. */
async function rebuild(
  { engine, registry, files, catalog }: StoreParts,
  log: EventLog,
  identities: Identities,
): Promise<void> {
  const sources = [...catalog.sources.values()];
  if (!(await canRebuild(registry)))
    for (const { name, id } of sources)
      if (id !== undefined && (await registry.files(name)).some(({ position }) => position < log.start))
        throw new AsofError(
          "ASOF_CORRUPT",
          `the index of identities ends at ${identities.position}, but the log begins at ${log.start}: the ids of ${name} are lost`,
          { part: "online", source: name },
        );
  const ever = (await registry.everApplied()).map(({ name, json }) => storedDefinition(json, name));
  const { archived } = await registry.offlineState();
  const session = await engine.session();
  try {
    await rebuildIdentities(session, identities, { registry, files, definitions: ever, sources, archived });
  } finally {
    await session.close();
  }
}
