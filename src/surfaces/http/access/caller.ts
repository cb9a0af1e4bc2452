import { type Grant, hasScope, type NarrowableKind, reaches, type Scope, scopes } from "../../../core/access/grant.ts";
import { AsofError } from "../../../core/errors.ts";
import type { Bucket } from "./token-bucket.ts";

/** Who makes a request, and what he may do. */
export class Caller {
  /** As the audit trail has it. */
  readonly who: string;
  readonly name: string | null;
  /** Null where everything is allowed: on this machine, while there are no credentials. */
  private readonly grants: readonly Grant[] | null;
  readonly bucket: Bucket | null;

  constructor(who: string, name: string | null, grants: readonly Grant[] | null, bucket: Bucket | null = null) {
    this.who = who;
    this.name = name;
    this.grants = grants;
    this.bucket = bucket;
  }

  /** Whether he was asked who he is and did not say. */
  get isUnknown(): boolean {
    return this.grants?.length === 0;
  }

  /** What he may do, each grant with all that its scopes include. */
  get mayDo(): readonly Grant[] {
    const grants = this.grants ?? [{ scopes, only: null }];
    return grants.map((grant) => ({ scopes: scopes.filter((scope) => hasScope(grant, scope)), only: grant.only }));
  }

  /** @throws ASOF_FORBIDDEN */
  mustHave(scope: Scope): void {
    if (this.grants !== null && !this.grants.some((grant) => hasScope(grant, scope)))
      throw new AsofError("ASOF_FORBIDDEN", `this takes the scope ${scope}`, { scope });
  }

  /** Whether he may do what concerns one definition. */
  mayReach(scope: Scope, kind: NarrowableKind | null, name: string): boolean {
    return this.grants?.some((grant) => hasScope(grant, scope) && reaches(grant, kind, name)) ?? true;
  }

  /** What is asked for concerns one definition, or, where `kind` is null, no single one. @throws ASOF_FORBIDDEN */
  mustReach(scope: Scope, kind: NarrowableKind | null, name: string): void {
    if (this.mayReach(scope, kind, name)) return;
    this.mustHave(scope);
    if (kind !== null)
      throw new AsofError("ASOF_FORBIDDEN", `the credentials are not for the ${kind} ${JSON.stringify(name)}`, {
        scope,
        kind,
        name,
      });
    throw new AsofError("ASOF_FORBIDDEN", "the credentials are for some definitions, and this concerns more", {
      scope,
    });
  }
}

/** While there are no credentials, whoever reaches the server is one of this machine. */
export const local = new Caller("local", null, null);

export const anonymous = new Caller("anonymous", null, []);
