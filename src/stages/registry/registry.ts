import { type Catalog, catalogOf, fingerprintOf } from "../../core/definition/catalog.ts";
import type { AggregateViewDefinition } from "../../core/definition/data.ts";
import { mapOf, text } from "../../core/codec/shape.ts";
import { parseStored } from "../../core/codec/stored-json.ts";
import { canonicalJson } from "../../core/definition/fingerprint.ts";
import { storedDefinition } from "../../core/definition/stored-definition.ts";
import { AsofError } from "../../core/errors.ts";
import { type Comparable, type Difference, diffDefinitions } from "../../core/plan/diff.ts";
import { changeOfSource, sourcesIn } from "../../core/plan/source-change.ts";
import type { Plan, PlannedChange } from "../../core/result/plan.ts";
import { formatDuration } from "../../core/time/duration.ts";
import type { Timestamp } from "../../core/time/timestamp.ts";
import type { RegistryStore, Revision, StoredDefinition } from "../../ports/registry-store.ts";

/** What the plan needs to know of the data behind a source. */
export interface SourceFacts {
  readonly rows: number;
  /** The usual delay from event to availability in microseconds, as declared or observed; null where nothing tells. */
  readonly delay: number | null;
}

export type FactsOf = (source: string) => Promise<SourceFacts>;
/** How many records of a source are in the log and not yet in Parquet. */
export type LoggedOf = (source: string) => Promise<number>;

/** What request-time functions run on, by name: a result may change with it in its last bit. */
export type RuntimeVersions = Readonly<Record<string, string>>;

const RUNTIME = "runtime";

/** Definitions as they are applied: what would change, what it costs, and the change itself. */
export class Registry {
  private readonly store: RegistryStore;
  private readonly catalog: Catalog;
  private readonly facts: FactsOf;
  private readonly logged: LoggedOf;
  private readonly versions: RuntimeVersions;

  constructor(
    store: RegistryStore,
    catalog: Catalog,
    facts: { readonly of: FactsOf; readonly logged: LoggedOf },
    versions: RuntimeVersions,
  ) {
    this.store = store;
    this.catalog = catalog;
    this.facts = facts.of;
    this.logged = facts.logged;
    this.versions = versions;
  }

  async plan(): Promise<Plan> {
    const { revision, definitions } = await this.store.revision();
    const changes: PlannedChange[] = [];
    for (const change of diffDefinitions(definitions.map(applied), this.wanted()))
      changes.push({ ...change, cost: await this.costOf(change), ...(await this.ofRecords(change, definitions)) });
    return {
      revision,
      changes,
      warnings: await this.warnings(),
      empty: changes.every(({ change }) => change === "unchanged"),
    };
  }

  /** @throws ASOF_APPLY_CONFLICT where the revision is not `expected`, or another apply came first */
  async apply(expected: number | undefined, at: Timestamp): Promise<Plan> {
    const plan = await this.plan();
    if (expected !== undefined && plan.revision !== expected)
      throw new AsofError(
        "ASOF_APPLY_CONFLICT",
        `the plan was made against revision ${expected}, but ${plan.revision} is applied`,
        { expected, revision: plan.revision },
      );
    for (const { name, refused } of plan.changes)
      if (refused !== null)
        throw new AsofError("ASOF_SCHEMA_CHANGE", refused, { source: name, rows: await this.recordsOf(name) });
    if (!plan.empty) await this.store.apply(plan.revision, this.stored(), at);
    await this.store.setNote(RUNTIME, canonicalJson(this.versions));
    return plan;
  }

  /** Whether exactly the present definitions are applied. */
  async isApplied(): Promise<boolean> {
    return this.matches(await this.store.revision());
  }

  /** What is applied, as definitions of its own, and the fingerprints that they have. */
  async applied(): Promise<{ readonly catalog: Catalog; readonly fingerprints: ReadonlySet<string> }> {
    const { definitions } = await this.store.revision();
    return {
      catalog: catalogOf(definitions.map((one) => ({ definition: applied(one).data }))),
      fingerprints: new Set(definitions.map(({ fingerprint }) => fingerprint)),
    };
  }

  /** The names of definitions that are applied as they stand. */
  async appliedNames(): Promise<ReadonlySet<string>> {
    const { definitions } = await this.store.revision();
    const fingerprints = new Map(definitions.map((definition) => [definition.name, definition.fingerprint]));
    return new Set(
      this.catalog.all
        .filter((one) => fingerprints.get(one.name) === fingerprintOf(this.catalog, one))
        .map(({ name }) => name),
    );
  }

  private matches({ definitions }: Revision): boolean {
    const wanted = this.stored();
    const present = new Map(definitions.map((definition) => [definition.name, definition.fingerprint]));
    return (
      wanted.length === definitions.length && wanted.every(({ name, fingerprint }) => present.get(name) === fingerprint)
    );
  }

  private wanted(): Comparable[] {
    return this.catalog.all.map((data) => ({
      kind: data.kind,
      name: data.name,
      fingerprint: fingerprintOf(this.catalog, data),
      data,
    }));
  }

  private stored(): StoredDefinition[] {
    return this.wanted().map(({ kind, name, fingerprint, data }) => ({
      kind,
      name,
      fingerprint,
      json: canonicalJson(data),
    }));
  }

  private async costOf({ change, kind, name }: Difference): Promise<PlannedChange["cost"]> {
    if (change === "unchanged") return [];
    if (change === "removed")
      return kind === "aggregateView" || kind === "batchView"
        ? [{ action: "drop its online state", command: null, rows: null }]
        : [];
    const definition = this.catalog.all.find((one) => one.name === name)!;
    switch (definition.kind) {
      case "aggregateView": {
        const { rows } = await this.facts(definition.source);
        return rows === 0
          ? []
          : [{ action: "build its online state from history", command: `asof materialize ${name}`, rows }];
      }
      case "batchView": {
        const rows = (await Promise.all(definition.reads.map(this.facts))).reduce((sum, facts) => sum + facts.rows, 0);
        return rows === 0
          ? []
          : [
              { action: "compute it over history", command: `asof compute ${name}`, rows },
              { action: "bring its rows online", command: `asof materialize ${name}`, rows: null },
            ];
      }
      case "model":
        return [
          {
            action: change === "created" ? "train it" : "train it anew",
            command: `asof train ${name}`,
            rows: definition.examples.sample,
          },
        ];
      default:
        return [];
    }
  }

  /** What a change of a source means for the records that it holds. */
  private async ofRecords(
    { change, kind, name }: Difference,
    definitions: readonly StoredDefinition[],
  ): Promise<Pick<PlannedChange, "notes" | "refused">> {
    const nothing = { notes: [], refused: null };
    if ((change !== "changed" && change !== "created") || kind !== "source") return nothing;
    const rows = await this.recordsOf(name);
    if (rows === 0) return nothing;
    const present = sourcesIn(definitions).filter((source) => source.name === name);
    const past = sourcesIn(await this.store.everApplied()).filter((source) => source.name === name);
    const { notes, unreadable, fixed } = changeOfSource(present, this.catalog.sources.get(name)!, past);
    const reasons = [...unreadable.values(), ...fixed];
    if (reasons.length === 0) return { notes, refused: null };
    return { notes, refused: `source ${name} holds ${rows} records: ${reasons.join("; ")}` };
  }

  private async recordsOf(source: string): Promise<number> {
    return (await this.facts(source)).rows + (await this.logged(source));
  }

  private async warnings(): Promise<string[]> {
    const warnings: string[] = [];
    for (const view of this.catalog.views.values())
      if (view.kind === "aggregateView") warnings.push(...(await this.delayWarnings(view)));
    return [...warnings, ...(await this.runtimeWarnings())];
  }

  /** Request-time functions that were applied under another version of what they run on. */
  private async runtimeWarnings(): Promise<string[]> {
    const views = [...this.catalog.views.values()].filter(({ kind }) => kind === "onDemandView");
    const note = await this.store.note(RUNTIME);
    if (views.length === 0 || note === null) return [];
    const before = parseStored(note, "the note on versions", mapOf(text)) as RuntimeVersions;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(this.versions)])]
      .filter((name) => before[name] !== this.versions[name])
      .map((name) => `${name} ${this.versions[name] ?? "none"} (it was ${before[name] ?? "none"})`);
    if (changed.length === 0) return [];
    return [
      `ASOF_RUNTIME_CHANGED: ${views.map(({ name }) => name).join(", ")} now run on ${changed.join(", ")}: what they compute may differ from what was trained on and served before; check with \`asof verify\`, then apply again`,
    ];
  }

  /** Windows that are short against the delay of their records are nearly empty where it matters. */
  private async delayWarnings(view: AggregateViewDefinition): Promise<string[]> {
    const { delay } = await this.facts(view.source);
    if (delay === null) return [];
    const short = view.features.filter(({ window }) => window.length !== null && delay > window.length / 4);
    if (short.length === 0) return [];
    const names = short.map(({ name }) => name).join(", ");
    return [
      `view ${view.name}: records of ${view.source} are available ${formatDuration(delay)} after their event, more than a quarter of the window of ${names}: much of such a window is not known yet when it is read`,
    ];
  }
}

function applied({ kind, name, fingerprint, json }: StoredDefinition): Comparable {
  return { kind, name, fingerprint, data: storedDefinition(json, name) };
}
