import { setTimeout as wait } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { type Reach, type Scope, scopes } from "../../../core/access/grant.ts";
import type { CreatedKey, Keys, KeySummary } from "../../../core/result/access.ts";
import { parseDuration } from "../../../core/time/duration.ts";
import { formatTimestamp, type TimestampInput } from "../../../core/time/timestamp.ts";
import { REVOKED_WITHIN } from "../../http/access/gate.ts";
import { moment } from "../format.ts";
import type { Invocation } from "../invocation.ts";
import type { Style } from "../style.ts";
import { facts, table } from "../table.ts";
import { type Action, examples, type Verb } from "../verb.ts";
import { withTimes } from "../with-times.ts";

interface CreateOptions {
  readonly scope: Scope[];
  readonly source?: string[];
  readonly service?: string[];
  readonly model?: string[];
  readonly expires?: string;
  readonly rate?: number;
}

export const keysVerb: Verb = (program, action) => {
  const keys = program
    .command("keys")
    .summary("make, list and revoke API keys")
    .description(
      "API keys say who may do what over HTTP. With the first of them, `asof serve` asks everybody for credentials, and may " +
        "listen on other addresses than this machine's own. Only a hash of a key is kept.",
    )
    .addHelpText(
      "after",
      examples(
        ["asof keys create dashboard --scope read", "for programs that read"],
        ["asof keys list", "with their scopes, and when they were used"],
        ["asof keys revoke dashboard", "no process takes it any more"],
        ["asof keys reset", "after a try: serve this machine without keys again"],
      ),
    );
  createVerb(keys, action);
  listVerb(keys, action);
  revokeVerb(keys, action);
  resetVerb(keys, action);
};

function createVerb(keys: Command, action: Action): void {
  keys
    .command("create")
    .summary("make a key, and print it this once")
    .description(
      "Makes a key and prints it: it cannot be shown again. Scopes: read (features, status, metrics), predict, ingest " +
        "(records, retractions, corrections), admin (everything). A key that is narrowed to sources, services or models " +
        "reaches nothing but these.",
    )
    .argument("<name>", "what the key is for")
    .requiredOption("--scope <scopes...>", `what it may do: ${scopes.join(", ")}`)
    .option("--source <names...>", "only these sources, with scope ingest")
    .option("--service <names...>", "only these feature services, with scope read")
    .option("--model <names...>", "only these models, with scopes predict and read")
    .option("--expires <time>", "when it ends: a moment, or a time from now such as 90d (default: never)")
    .option("--rate <requests>", "requests a second, in each process that serves", rateOption)
    .addHelpText(
      "after",
      examples(
        ["asof keys create app --scope read predict", "for a program that asks for features and predictions"],
        ["asof keys create tills --scope ingest --source payments", "for records of one source"],
        ["asof keys create ci --scope admin --expires 90d --json", "for ninety days; the document holds the key"],
      ),
    )
    .action(
      action(async (run, name: string, options: CreateOptions) => {
        const { scope, source, service, model, expires, rate } = options;
        const only: Reach = {
          ...(source !== undefined && { source }),
          ...(service !== undefined && { service }),
          ...(model !== undefined && { model }),
        };
        const created = await withKeys(run, (keys) =>
          keys.create({
            name,
            scopes: scope.flatMap((one) => one.split(",") as Scope[]),
            only,
            by: run.user,
            ...(expires !== undefined && { expires: expiry(expires) }),
            ...(rate !== undefined && { rate }),
          }),
        );
        return {
          json: { ...summaryJson(created), key: created.key },
          text: (style) => createdText(created, style),
        };
      }),
    );
}

function listVerb(keys: Command, action: Action): void {
  keys
    .command("list")
    .summary("list the keys that there are and were")
    .description("Every key that was ever made, the newest first: its scopes, its state, and when it was used last.")
    .addHelpText("after", examples(["asof keys list", "all of them"], ["asof keys list --json", "for programs"]))
    .action(
      action(async (run) => {
        const all = await withKeys(run, (keys) => keys.list());
        return {
          json: all.map(summaryJson),
          text: (style) =>
            all.length === 0
              ? "There are no keys: make one with `asof keys create`."
              : table(
                  ["id", "name", "state", "scopes", "only", "expires", "used"],
                  all.map((key) => [
                    key.id,
                    key.name,
                    key.state,
                    key.scopes.join(" "),
                    onlyText(key),
                    key.expiresAt === null ? "never" : moment(key.expiresAt),
                    key.usedAt === null ? "never" : moment(key.usedAt),
                  ]),
                  style,
                ),
        };
      }),
    );
}

function revokeVerb(keys: Command, action: Action): void {
  keys
    .command("revoke")
    .summary("end a key")
    .description(
      "Ends a key for good. Once this has reported, no process that serves takes it any more; nothing is to be restarted.",
    )
    .argument("<key>", "its id, or its name where one live key has it")
    .addHelpText(
      "after",
      examples(["asof keys revoke dashboard", "by its name"], ["asof keys revoke 3f9a0c51e2b7", "by its id"]),
    )
    .action(
      action(async (run, which: string) => {
        const revoked = await withKeys(run, (keys) => keys.revoke(which, run.user));
        // What processes that serve have read of the keys holds for that long.
        await wait(2 * REVOKED_WITHIN);
        return {
          json: summaryJson(revoked),
          text: (style) =>
            facts(
              [
                ["revoked", `${revoked.name} (${revoked.id})`],
                ["since", moment(revoked.revokedAt)],
                ["by", revoked.revokedBy ?? ""],
              ],
              style,
            ),
        };
      }),
    );
}

function resetVerb(keys: Command, action: Action): void {
  keys
    .command("reset")
    .summary("serve this machine without keys again")
    .description(
      "Undoes that a store asks for credentials, which it does from its first key on, also once all are revoked. For those " +
        "who have tried keys out: no key may be live. Servers ask nobody from their next start on, on this machine's own " +
        "addresses alone; the next key that is made has them ask again. What was made and revoked stays on record.",
    )
    .addHelpText("after", examples(["asof keys reset", "once every key is revoked or has expired"]))
    .action(
      action(async (run) => {
        await withKeys(run, (keys) => keys.reset(run.user));
        return {
          json: { reset: true },
          text: () => "Servers that are started from now on ask nobody for credentials. Those that run do as before.",
        };
      }),
    );
}

async function withKeys<T>(run: Invocation, work: (keys: Keys) => Promise<T>): Promise<T> {
  const { configuration } = await run.configuration();
  const { openKeys } = await import("../../../open.ts");
  const { keys, close } = await openKeys(configuration);
  try {
    return await work(keys);
  } finally {
    await close();
  }
}

function summaryJson(key: KeySummary): Record<string, unknown> {
  const { id, name, state, scopes, only, rate, createdBy, revokedBy } = key;
  const { createdAt, expiresAt, revokedAt, usedAt } = withTimes(key, "createdAt", "expiresAt", "revokedAt", "usedAt");
  return { id, name, state, scopes, only, rate, createdAt, createdBy, expiresAt, revokedAt, revokedBy, usedAt };
}

function createdText(key: CreatedKey, style: Style): string {
  const told = facts(
    [
      ["key", key.key],
      ["id", key.id],
      ["scopes", key.scopes.join(" ")],
      ["only", onlyText(key)],
      ["expires", key.expiresAt === null ? "never" : moment(key.expiresAt)],
    ],
    style,
  );
  return `${told}\n\nThis is the one time that the key is shown: it is sent as \`Authorization: Bearer <key>\`.`;
}

function onlyText({ only }: KeySummary): string {
  if (only === null) return "everything";
  return Object.entries(only)
    .map(([kind, names]) => `${kind} ${names.join(" ")}`)
    .join(", ");
}

/** A moment, or so long from now. */
function expiry(text: string): TimestampInput {
  return /^\d+[a-z]+$/.test(text) ? formatTimestamp(Date.now() * 1000 + parseDuration(text)) : text;
}

function rateOption(text: string): number {
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError("It must be a number of requests a second, above 0.");
  return Number(text);
}
