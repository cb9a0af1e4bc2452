import type { IncomingHttpHeaders } from "node:http";
import { idOfKey, stateOf } from "../../../core/access/access-key.ts";
import { narrowableKinds } from "../../../core/access/grant.ts";
import { AsofError, errorTable } from "../../../core/errors.ts";
import type { Store } from "../../../store.ts";
import type { Answer, Call, Route } from "../route.ts";
import type { Access } from "./access.ts";
import { anonymous, type Caller, local } from "./caller.ts";
import { KeyVerifier } from "./key-verifier.ts";
import type { OidcOptions } from "../../../core/access/oidc-options.ts";
import { OidcVerifier } from "./oidc-verifier.ts";
import type { MakeBucket } from "./token-bucket.ts";
import { TrailRecorder } from "./trail-recorder.ts";

/**
 * Milliseconds for which what was read of the store's keys holds: a key that was revoked longer ago is refused by every
 * process. `asof keys revoke` reports once that has passed.
 */
export const REVOKED_WITHIN = 50;
/** How often it is noted when keys were used, in milliseconds. */
const NOTE_USES = 5_000;

export interface GateOptions {
  /** Asks everybody for credentials, also where none are configured. */
  readonly requireCredentials?: boolean;
  readonly oidc?: OidcOptions;
  /** Requests a second of each caller whose key does not say otherwise. */
  readonly rate?: number;
  /** How requests are counted. Default: in this process, for itself. */
  readonly makeBucket?: MakeBucket;
}

/** What the gate has to know of a route. */
export type GuardedRoute = Pick<Route, "id" | "access" | "names">;

type Parts = GateOptions & { readonly failed: (error: unknown) => void };

/** The one way into the routes: who makes a request, whether he may, and what is recorded of it. */
export class Gate {
  private readonly store: Pick<Store, "keys" | "trail">;
  private readonly verifier: KeyVerifier;
  private readonly oidc: OidcVerifier | null;
  private readonly recorder: TrailRecorder;
  private readonly failed: (error: unknown) => void;
  private closed: boolean;
  private version = 0;
  private lookedAt = -Infinity;
  private looking: Promise<void> | null = null;
  private readonly timer: NodeJS.Timeout;

  constructor(
    store: Pick<Store, "keys" | "trail">,
    { requireCredentials = false, oidc, rate, makeBucket, failed }: Parts,
  ) {
    this.store = store;
    this.verifier = new KeyVerifier(rate ?? null, makeBucket);
    this.oidc = oidc === undefined ? null : new OidcVerifier(oidc, rate ?? null, makeBucket && { makeBucket });
    this.recorder = new TrailRecorder(store.trail, failed);
    this.failed = failed;
    this.closed = requireCredentials || oidc !== undefined;
    this.timer = setInterval(() => void this.noteUses(), NOTE_USES).unref();
  }

  /**
   * Whether credentials are asked for. Once they are, they are as long as this process lives: revoking the last key opens
   * nothing, and what `asof keys reset` does counts from the next start on.
   */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Null where what is known of the store's keys still holds; else it is read, and a request waits for that. */
  look(now: number): Promise<void> | null {
    return now - this.lookedAt < REVOKED_WITHIN ? null : (this.looking ??= this.lookAgain());
  }

  /** Who makes a request. @throws ASOF_UNAUTHENTICATED, ASOF_RATE_LIMIT, ASOF_ISSUER */
  identify(access: Access, headers: IncomingHttpHeaders): Caller | Promise<Caller> {
    const caller = this.callerOf(access, headers);
    return caller instanceof Promise ? caller.then(withinRate) : withinRate(caller);
  }

  /**
   * Resolves while whoever was let into a route may still stay there, as one does whose answer has no end. It counts as no
   * request. @throws ASOF_UNAUTHENTICATED, ASOF_FORBIDDEN, ASOF_ISSUER
   */
  async lookAfter(route: GuardedRoute, headers: IncomingHttpHeaders, name: string): Promise<void> {
    await this.look(performance.now());
    this.allow(await this.callerOf(route.access, headers), route, name);
  }

  /** @throws ASOF_FORBIDDEN */
  allow(caller: Caller, { access, names }: GuardedRoute, name: string): void {
    const { scope } = access;
    if (scope === "public" || scope === "any") return;
    if (access.names !== undefined) return caller.mustHave(scope);
    const kind = narrowableKinds.find((one) => one === names?.kind) ?? null;
    caller.mustReach(scope, kind, name);
  }

  /** What a request came to that was refused before its route. */
  refused(caller: Caller, { access, id }: GuardedRoute, error: unknown): void {
    if (this.isRecorded(access)) this.recorder.count(caller, id, null, codeOf(error));
  }

  /** Does the work of a route; an action that is to be recorded is answered once that is on disk. */
  handle(route: Route, call: Call, requestId: string): Answer | Promise<Answer> {
    return this.isRecorded(route.access) ? this.recorded(route, call, requestId) : route.handle(call);
  }

  private async recorded({ access, id, names, handle }: Route, call: Call, requestId: string): Promise<Answer> {
    const { caller, name } = call;
    const target = names === null ? null : name;
    const record = (outcome: string): Promise<void> | undefined => {
      if (access.scope === "admin") return this.recorder.act(caller, id, target, outcome, requestId);
      this.recorder.count(caller, id, target, outcome);
      return undefined;
    };
    let answer: Answer;
    try {
      answer = await handle(call);
    } catch (error) {
      await record(codeOf(error))?.catch(this.failed);
      throw error;
    }
    await record("ok");
    return answer;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.recorder.close();
    await this.noteUses();
  }

  private callerOf(access: Access, headers: IncomingHttpHeaders): Caller | Promise<Caller> {
    if (!this.closed) return local;
    if (access.scope === "public") return anonymous;
    const bearer = bearerOf(headers.authorization);
    if (this.oidc === null || idOfKey(bearer) !== null) return this.verifier.verify(bearer, Date.now() * 1000);
    return this.oidc.verify(bearer);
  }

  private isRecorded({ scope }: Access): boolean {
    return this.closed && (scope === "ingest" || scope === "admin");
  }

  private async lookAgain(): Promise<void> {
    const at = performance.now();
    try {
      const version = await this.store.keys.version();
      if (version !== this.version) {
        this.verifier.take(await this.store.keys.all());
        this.closed ||= await this.store.keys.asks();
        this.version = version;
      }
      this.lookedAt = at;
    } finally {
      this.looking = null;
    }
  }

  private async noteUses(): Promise<void> {
    const uses = this.verifier.takeUses();
    if (uses.size > 0) await this.store.keys.used(uses).catch(this.failed);
  }
}

/** Whether somebody could get in: a live key, or an issuer of tokens. */
export async function hasCredentials({ keys }: Pick<Store, "keys">, { oidc }: GateOptions): Promise<boolean> {
  if (oidc !== undefined) return true;
  const now = Date.now() * 1000;
  return (await keys.all()).some((key) => stateOf(key, now) === "live");
}

/** The code of an error that may be of another instance of the module. */
function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && Object.hasOwn(errorTable, code) ? code : "ASOF_INTERNAL";
}

/** @throws ASOF_UNAUTHENTICATED */
function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined)
    throw new AsofError("ASOF_UNAUTHENTICATED", "the request has no Authorization header", { reason: "missing" });
  if (authorization.length > 7 && authorization.slice(0, 7).toLowerCase() === "bearer ") return authorization.slice(7);
  throw new AsofError("ASOF_UNAUTHENTICATED", "the Authorization header is not `Bearer <key>`", {
    reason: "malformed",
  });
}

/** @throws ASOF_RATE_LIMIT */
function withinRate(caller: Caller): Caller | Promise<Caller> {
  const wait = caller.bucket?.take(performance.now()) ?? 0;
  return wait instanceof Promise ? wait.then((found) => afterWait(caller, found)) : afterWait(caller, wait);
}

/** @throws ASOF_RATE_LIMIT */
function afterWait(caller: Caller, wait: number): Caller {
  if (wait === 0) return caller;
  const retryAfter = Math.ceil(wait);
  throw new AsofError("ASOF_RATE_LIMIT", `try again in ${retryAfter} s`, { retryAfter });
}
