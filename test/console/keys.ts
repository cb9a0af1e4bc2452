import type { Browser, Page } from "playwright-core";
import { expect, test } from "vitest";
import type { CreatedKey, CreateKeyOptions } from "../../src/core/result/access.ts";
import type { Store } from "../../src/index.ts";
import { type RunningServer, serve } from "../../src/surfaces/http/serve.ts";
import { visit } from "./browser.ts";
import { violations } from "./violations.ts";

/** The console of a store that asks for keys. From the first of these on it asks everybody: they come last. */
export function testKeys(at: () => { readonly browser: Browser; readonly store: Store }): void {
  const made = (name: string, part: Partial<CreateKeyOptions> = {}): Promise<CreatedKey> =>
    at().store.keys.create({ name, scopes: ["read"], by: "user:ada", ...part });

  /** A page of a server of its own, and all that it asked for meanwhile. */
  async function opened(work: (page: Page, server: RunningServer, asked: readonly string[]) => Promise<void>) {
    const { browser, store } = at();
    const server = await serve(store, { port: 0, logger: false });
    const { page, close } = await visit(browser, server.url);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    try {
      await work(page, server, asked);
    } finally {
      await close();
      await server.close();
    }
  }

  async function signIn(page: Page, key: string): Promise<void> {
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  const kept = (page: Page): Promise<string> =>
    page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])");

  test("asks for a key, offers what that may do and nothing else, and keeps it in the tab alone", async () => {
    const reader = await made("reader");
    const owner = await made("owner", { scopes: ["admin"] });
    await opened(async (page, server, asked) => {
      await page.goto(`${server.url}/models?model=fraud`);
      await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
      expect(await page.getByRole("alert").count()).toBe(0);
      await signIn(page, `asof_${"0".repeat(12)}_${"A".repeat(43)}`);
      await page.getByRole("alert").getByText("there is no such key").waitFor();
      expect(await violations(page)).toEqual([]);
      await signIn(page, reader.key);
      // To where the person wanted to go.
      await page.getByRole("region", { name: "Versions", exact: true }).waitFor();
      expect(new URL(page.url()).search).toBe("?model=fraud");
      await page.getByText("reader", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: /Promote|Try out/ }).count()).toBe(0);
      await page.getByRole("link", { name: "Playground" }).click();
      await page.getByLabel("Ask for").waitFor();
      expect(await page.getByLabel("Ask for").locator("option").allTextContents()).not.toContain(
        "predictions of fraud",
      );
      await page.getByRole("link", { name: "Runs and health" }).click();
      await page.getByRole("region", { name: "Runs", exact: true }).waitFor();
      expect(await page.getByRole("button", { name: /Materialize|Verify|Audit now/ }).count()).toBe(0);
      expect(await kept(page)).toBe(JSON.stringify([{ "asof.key": reader.key }, {}]));
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
      expect(await kept(page)).toBe("[{},{}]");
      await signIn(page, owner.key);
      await page.getByRole("link", { name: "Runs and health" }).click();
      await page.getByRole("button", { name: "Materialize" }).click();
      await page.getByText("All views are in the online store.").waitFor();
      await page.getByRole("link", { name: "Models" }).click();
      await page.getByRole("button", { name: "Promote" }).waitFor();
      expect(asked.filter((url) => url.includes(reader.id) || url.includes(owner.id))).toEqual([]);
    });
  });

  test("says of a key that has expired, or that cannot read, that it does not do", async () => {
    const expired = await made("expired", { expires: (Date.now() + 200) * 1000 });
    const predictor = await made("predictor", { scopes: ["predict"] });
    const narrow = await made("narrow", { only: { model: ["fraud"] } });
    await opened(async (page, server) => {
      await page.goto(server.url);
      await signIn(page, predictor.key);
      await page.getByRole("alert").getByText("this key may not read").waitFor();
      await signIn(page, narrow.key);
      await page.getByRole("alert").getByText("this key is for some definitions").waitFor();
      await expect.poll(() => Date.now() * 1000).toBeGreaterThan(expired.expiresAt!);
      await signIn(page, expired.key);
      await page.getByRole("alert").getByText("the key expired at").waitFor();
      expect(await kept(page)).toBe("[{},{}]");
    });
  });

  test("leads to where another key can be given, and why, when the key is revoked while a page is open", async () => {
    const key = await made("soon revoked");
    await opened(async (page, server) => {
      await page.goto(server.url);
      await signIn(page, key.key);
      await page.getByText("Live", { exact: true }).waitFor();
      await at().store.keys.revoke(key.id, "user:ada");
      await page.getByRole("alert").getByText("the key is revoked").waitFor();
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
      expect(await kept(page)).toBe("[{},{}]");
    });
  });
}
