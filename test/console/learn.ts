import type { Browser, Page } from "playwright-core";
import { test } from "vitest";
import type { Store } from "../../src/index.ts";
import { visit } from "./browser.ts";
import { violations } from "./violations.ts";

/** The ways to learn it, on a server that is a demo. */
export function testLearning(
  at: () => { readonly browser: Browser; readonly url: string; readonly store: Store },
  added: { readonly milliseconds: number },
): void {
  const way = (page: Page, name: string): Promise<void> =>
    page.getByRole("group", { name: "Ways to learn it" }).getByRole("button", { name }).click();

  test("tells it in several ways, each of them accessible", async ({ expect }) => {
    const { browser, url, store } = at();
    const { page, faults, close } = await visit(browser, url, { reducedMotion: "reduce" });
    try {
      await page.goto(`${url}/learn`);
      // What is only in the log so far counts once, as everything else.
      const { rows, inLog } = (await store.status()).offline.sources[0];
      expect(inLog).toBeGreaterThan(0);
      await page.getByText(`This store has ${rows} records.`, { exact: true }).waitFor();
      await way(page, "Run the sample");
      await page.getByText("asof train MODEL").waitFor();
      const newest = (await store.runs({ kind: "train" }))[0];
      await page.getByText(`Run ${newest.id}, train fraud, succeeded`).waitFor();
      expect(await violations(page)).toEqual([]);
      await way(page, "Read the process table");
      await page.getByRole("region", { name: "Process", exact: true }).waitFor();
      await way(page, "Watch the status tracker");
      await page.getByLabel("Moment", { exact: true }).fill("0");
      await page.getByText("The start: nothing has run").waitFor();
      expect(await violations(page)).toEqual([]);
      await way(page, "Try the questions");
      const question = page.getByRole("group", { name: /state is the model in after step 3/ });
      await question.getByLabel("Trained, measured and promoted").check();
      await question.getByText(/Right\. .*trained fraud and promoted it/).waitFor();
      expect(await violations(page)).toEqual([]);
      // A way has an address, and the concept on one page closes each.
      expect(new URL(page.url()).search).toBe("?way=questions");
      await page.getByRole("region", { name: "The two stores" }).waitFor();
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("slows the online store down: serving waits for it, and who leaves makes it quick again", async ({ expect }) => {
    const { browser, url } = at();
    const { page, faults, close } = await visit(browser, url);
    try {
      await page.goto(`${url}/learn?way=slow`);
      const table = page.getByRole("region", { name: "What waits for the online store" });
      const serving = table.getByRole("row", { name: /^5 serve/ }).locator("td.number:not(:first-child)");
      const p99 = async (column: number): Promise<number> => {
        const text =
          (await serving
            .nth(column)
            .textContent()
            .catch(() => null)) ?? "";
        const found = /^([\d.]+)\s(ms|s)/.exec(text);
        return found === null ? Number.NaN : Number(found[1]) * (found[2] === "s" ? 1000 : 1);
      };
      await expect.poll(() => p99(0), { timeout: 15_000 }).toBeGreaterThan(0);
      // What step 3 took before is on record.
      await table.getByRole("row", { name: /^3 train fraud offline store [\d.]+\sm?s on record/ }).waitFor();
      await page.getByLabel("100 ms").check();
      await expect.poll(() => added.milliseconds).toBe(100);
      // Each answer waits for the store, and tells that it did.
      await expect.poll(() => p99(1), { timeout: 15_000 }).toBeGreaterThanOrEqual(99);
      await expect.poll(() => serving.nth(1).textContent()).toMatch(/(99\.\d|[1-9]\d\d)\sms in the store/);
      await page.getByRole("button", { name: "Run step 2" }).click();
      const computing = table.getByRole("row", { name: /^2 compute/ }).locator("td.number.slow-now");
      await expect.poll(() => computing.textContent(), { timeout: 15_000 }).toMatch(/\d\sm?s$/);
      expect(await violations(page)).toEqual([]);
      await page.getByRole("link", { name: "Flow", exact: true }).click();
      await expect.poll(() => added.milliseconds, { timeout: 15_000 }).toBe(0);
      // Also who goes elsewhere altogether.
      await page.goBack();
      await page.getByLabel("20 ms").check();
      await expect.poll(() => added.milliseconds, { timeout: 15_000 }).toBe(20);
      await page.goto("about:blank");
      await expect.poll(() => added.milliseconds, { timeout: 15_000 }).toBe(0);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("by keyboard alone", async ({ expect }) => {
    const { browser, url } = at();
    const { page, faults, close } = await visit(browser, url);
    try {
      await page.goto(url);
      await page.getByRole("region", { name: "Process", exact: true }).waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("Skip to content");
      await page.getByRole("link", { name: "Learn" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Learn", level: 1 }).waitFor();
      expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("Learn");
      // The first thing behind the title are the ways, and the fifth of them the questions.
      for (let i = 0; i < 5; i++) await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      const question = page.getByRole("group", { name: /real-time features arrive/ });
      await question.waitFor();
      await question.getByLabel("Step 1, ingest").focus();
      await page.keyboard.press("Space");
      await question.getByText("Not so.").waitFor();
      for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
      await question.getByText(/Right\. .*materialize spending/).waitFor();
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });
}
