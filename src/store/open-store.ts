import { assert } from "../core/assert.ts";
import { StreamSchemas } from "../core/codec/stream-schemas.ts";
import { serviceNamed, sourceNamed } from "../core/definition/catalog.ts";
import { servedBeforeRoles, servedStream, sourceStream } from "../core/definition/stream.ts";
import { AsofError } from "../core/errors.ts";
import type { ServiceDefinition, ViewUseDefinition } from "../core/definition/data.ts";
import { requestReader } from "../core/plan/request-rows.ts";
import { type ServicePlan, planService } from "../core/plan/service-plan.ts";
import { changeOfSource, sourcesIn } from "../core/plan/source-change.ts";
import { unnamedService } from "../core/plan/unnamed-service.ts";
import type { Row } from "../core/schema/data-type.ts";
import { type Timestamp, formatTimestamp } from "../core/time/timestamp.ts";
import type { Beacon, Sign } from "../ports/beacon.ts";
import { NewestRecords } from "../stages/monitoring/newest-records.ts";
import { ViewTimes } from "../stages/monitoring/view-times.ts";
import { OfflineStore } from "../stages/offline/offline-store.ts";
import { sourceFacts } from "../stages/offline/source-facts.ts";
import { Fold } from "../stages/online/fold.ts";
import { expiredOf } from "../stages/ingest/retention.ts";
import { type ExpiredOf, Registry } from "../stages/registry/registry.ts";
import { RunRecorder } from "../stages/registry/run-recorder.ts";
import { FeatureReader, type Present } from "../stages/serving/feature-reader.ts";
import { KeptBudget } from "../stages/serving/kept-rows.ts";
import { Definitions } from "./definitions.ts";
import { restoreSchemas } from "./logged-schemas.ts";
import type { StoreParts } from "./store-parts.ts";
import { type Shared, Writing } from "./writing.ts";

/** How many sets of views that no service names are kept ready. */
const KEPT_SERVICES = 256;

/** A feature service as it is asked: its plan, the check of requests, the reader of answers. */
export interface OpenService {
  readonly plan: ServicePlan;
  readonly rows: (requests: readonly unknown[]) => Row[];
  readonly reader: FeatureReader;
}

/** What the steps of an open store share: its parts, its definitions, and what moment it is. */
export class OpenStore implements Shared {
  readonly parts: StoreParts;
  readonly schemas = new StreamSchemas();
  readonly offline: OfflineStore;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly recorder: RunRecorder;
  readonly newest: NewestRecords;
  /** How long a part of a request takes no clock of the store's can tell. */
  readonly viewTimes = new ViewTimes(() => performance.now() / 1000);
  private readonly services = new Map<string, OpenService>();
  /** By what they are made of: what is asked for last stands last. */
  private readonly unnamed = new Map<string, OpenService>();
  private readonly kept = new KeptBudget();
  private writes: Writing | null = null;
  private closed = false;

  constructor(parts: StoreParts) {
    const { registry, files, log, catalog, engine, clock, startThread } = parts;
    this.parts = parts.writing instanceof AsofError ? { ...parts, refresh: () => this.refresh(parts) } : parts;
    this.offline = new OfflineStore({ registry, files, log, schemas: this.schemas, startThread });
    const facts = {
      of: (source: string): ReturnType<typeof sourceFacts> =>
        sourceFacts(sourceNamed(catalog, source), { engine, registry, store: this.offline }),
      logged: async (source: string): Promise<number> => (await this.offline.inLog()).get(source) ?? 0,
      expired: async (source: string, retention: number): ReturnType<ExpiredOf> =>
        expiredOf(await registry.files(source), retention, await this.completeUntil()),
    };
    this.registry = new Registry(registry, catalog, facts, parts.versions);
    this.definitions = new Definitions(catalog, this.registry, clock);
    this.recorder = new RunRecorder(parts.recordsRuns ? registry : null, clock);
    this.newest = new NewestRecords(log, this.schemas);
    this.kept.moved = () => this.forgetKept();
  }

  /** Lets go of what every service keeps of the online store. */
  forgetKept(): void {
    for (const services of [this.services, this.unnamed]) for (const { reader } of services.values()) reader.forget();
  }

  /** Takes up what an earlier process left; resolves to what the writer has, or null where another process writes. */
  async open(): Promise<Writing | null> {
    await restoreSchemas(this.parts.registry, this.schemas);
    await this.followSources();
    const { writing } = this.parts;
    if (!(writing instanceof AsofError)) this.writes = await Writing.open(this, writing);
    return this.writes;
  }

  /** Reads on in the log of another process, which may bring records of schemas that were not known before. */
  private async refresh(parts: StoreParts): Promise<void> {
    await parts.refresh();
    await restoreSchemas(parts.registry, this.schemas);
  }

  /** Has sources read in the shape in which they are defined, whatever shape their records are of. */
  private async followSources(): Promise<void> {
    const { registry, catalog } = this.parts;
    const ever = Map.groupBy(sourcesIn(await registry.everApplied()), ({ name }) => name);
    const applied = Map.groupBy(sourcesIn((await registry.revision()).definitions), ({ name }) => name);
    for (const source of catalog.sources.values()) {
      const past = ever.get(source.name) ?? [];
      const { unreadable } = changeOfSource(applied.get(source.name) ?? [], source, past);
      this.schemas.follow(
        sourceStream(source),
        past.map(({ fields }) => fields),
        unreadable,
      );
    }
    for (const model of catalog.models.values())
      this.schemas.follow(servedStream(catalog, model), [servedBeforeRoles(catalog, model)]);
  }

  /** Refuses writing from here on. */
  shut(): void {
    this.closed = true;
  }

  /** What the writer has, or null where another process writes. */
  get writer(): Writing | null {
    return this.writes;
  }

  /** What the writer has. @throws ASOF_CLOSED; ASOF_HOME_LOCKED where another process is the writer */
  writing(): Writing {
    if (this.closed) throw new AsofError("ASOF_CLOSED", "the store is closed");
    const { writing } = this.parts;
    if (writing instanceof AsofError) throw writing;
    assert(this.writes !== null, "the store is open");
    return this.writes;
  }

  service(name: string): OpenService {
    let found = this.services.get(name);
    if (found === undefined) {
      found = this.openService(serviceNamed(this.parts.catalog, name));
      this.services.set(name, found);
    }
    return found;
  }

  /** Views that are asked for together, as a service. Those asked for lately are kept. */
  serviceOf(uses: readonly ViewUseDefinition[]): OpenService {
    const key = JSON.stringify(uses);
    const found = this.unnamed.get(key) ?? this.openService(unnamedService(this.parts.catalog, uses));
    this.unnamed.delete(key);
    this.unnamed.set(key, found);
    if (this.unnamed.size > KEPT_SERVICES) this.unnamed.delete(this.unnamed.keys().next().value!);
    return found;
  }

  private openService(service: ServiceDefinition): OpenService {
    const plan = planService(this.parts.catalog, service);
    return {
      plan,
      rows: requestReader(plan),
      reader: this.readerOf(plan),
    };
  }

  /** What answers for a service from the online store. */
  readerOf(plan: ServicePlan): FeatureReader {
    return new FeatureReader(plan, this.parts.online, this.presentOfStore(), this.kept, this.viewTimes);
  }

  /** A moment asked about, now where it is null, and now, with all that was there at it. @throws ASOF_FUTURE_READ */
  async momentOf(at: Timestamp | null): Promise<{ readonly t: Timestamp; readonly now: Timestamp }> {
    const now = await this.completeUntil();
    await this.parts.refresh();
    if (at === null || at <= now) return { t: at ?? now, now };
    throw new AsofError(
      "ASOF_FUTURE_READ",
      `${formatTimestamp(at)} lies ahead of the watermark ${formatTimestamp(now)}`,
      {
        at: formatTimestamp(at),
        watermark: formatTimestamp(now),
      },
    );
  }

  /** Reads history while no file of it is replaced by this process. */
  async undisturbed<T>(read: () => Promise<T>): Promise<T> {
    return this.writes === null ? read() : this.writes.upkeep.shared(read);
  }

  async present(): Promise<Timestamp | null> {
    return this.presentOfStore().moment();
  }

  /** The moment before which nothing can become visible any more that is not in the log now. */
  async completeUntil(): Promise<Timestamp> {
    if (this.writes !== null) return (await this.present()) ?? (await this.writes.writer.cut()).t;
    const { position, watermark } = await this.readFold();
    const sign = this.parts.beacon.look();
    if (sign !== null && sign.position === position) return Math.max(sign.t, watermark);
    return watermark === Number.MIN_SAFE_INTEGER ? this.parts.clock.now() : watermark;
  }

  presentOfStore(): Present {
    const writing = this.writes;
    if (writing === null) return presentOfBeacon(this.parts.beacon);
    const { fold, writer } = writing;
    return {
      get position() {
        return fold.position;
      },
      moment: () => writer.present(fold.position),
    };
  }

  /** Where the fold of another process stands. */
  private async readFold(): Promise<Fold> {
    const { log, online: store, clock } = this.parts;
    const fold = new Fold({ log, store, schemas: this.schemas, clock });
    await fold.open();
    return fold;
  }

  /** The writer's fold, or where that of another process stands. */
  async fold(): Promise<Fold> {
    return this.writes?.fold ?? this.readFold();
  }
}

/** The present as another process tells it. */
function presentOfBeacon(beacon: Beacon): Present {
  let sign: Sign | null = null;
  return {
    get position() {
      return sign?.position ?? -1;
    },
    moment: () => {
      sign = beacon.look();
      return sign?.t ?? null;
    },
  };
}
