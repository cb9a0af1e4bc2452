import type { Browser, Page } from "playwright-core";
import { test } from "vitest";
import { visit } from "./browser.ts";
import { violations } from "./violations.ts";

/** Both stores side by side. */
export function testComparing(at: () => { readonly browser: Browser; readonly url: string }): void {
  /** Asks for the comparison of a customer. */
  async function compare(page: Page, customer: string): Promise<void> {
    await page.goto(`${at().url}/compare?service=fraud_features`);
    await page.getByLabel("customer", { exact: true }).fill(customer);
    await page.getByRole("button", { name: "Compare", exact: true }).click();
  }

  test("compares both stores to the last bit, and explains a value", async ({ expect }) => {
    const { page, faults, close } = await visit(at().browser, at().url);
    try {
      await compare(page, "calm-1");
      await page.getByText(/^All 5 values are the same in both stores, bit for bit/).waitFor();
      const row = page.getByRole("row", { name: /^cents_1d/ });
      // More than a number of JavaScript holds.
      expect((await row.textContent())!.match(/9007199254740993/g)).toHaveLength(2);
      await page.getByRole("button", { name: "Explain spending__amount_1d" }).click();
      const records = page.getByRole("region", { name: /^Records by/ });
      await records.waitFor();
      expect(await records.getByText("12.5").count()).toBeGreaterThan(0);
      expect(await page.getByText("✓ what history gives").count()).toBe(1);
      expect(await violations(page)).toEqual([]);
      // Where there is little room both answers stand under the name, still as cells of its row.
      await page.setViewportSize({ width: 390, height: 844 });
      expect((await row.getByRole("cell").allTextContents()).slice(0, 3)).toEqual([
        "9007199254740993",
        "9007199254740993",
        "✓ same",
      ]);
      const table = "document.querySelector('[aria-label=\"Features in both stores\"]')";
      const [needed, there] = await page.evaluate<[number, number]>(`[${table}.scrollWidth, ${table}.clientWidth]`);
      expect(needed).toBe(there);
      expect(await violations(page)).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("says so where nothing is known of a key, whatever the key", async ({ expect }) => {
    const { page, faults, close } = await visit(at().browser, at().url);
    const keys = [
      "nobody",
      '<script>document.title="taken"</script><img src=x onerror="document.title=\'taken\'">',
      "👩🏽‍🚀 ‮ \u{1F600}",
      "k".repeat(1024),
    ];
    try {
      for (const key of keys) {
        await compare(page, key);
        await page.getByText("Neither store has anything of this key").waitFor();
        await page.getByRole("button", { name: "Explain spending__amount_1d" }).click();
        await page.getByText("0 records counted").waitFor();
        expect(await page.getByLabel("customer", { exact: true }).inputValue()).toBe(key);
        expect(await page.title()).toBe("Compare · asof");
        expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(1440);
      }
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("compares and explains by keyboard alone", async ({ expect }) => {
    const { page, close } = await visit(at().browser, at().url);
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
    try {
      await page.goto(`${at().url}/compare?service=fraud_features`);
      await page.getByLabel("customer", { exact: true }).focus();
      await page.keyboard.type("calm-1");
      await page.keyboard.press("Enter");
      await page.getByText(/^All 5 values are the same in both stores/).waitFor();
      for (let i = 0; i < 12 && !(await focused()).startsWith("Explain"); i++) await page.keyboard.press("Tab");
      // Where the focus is can be seen.
      expect(await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle")).not.toBe("none");
      await page.keyboard.press("Enter");
      await page.getByText(/records counted/).waitFor();
    } finally {
      await close();
    }
  });
}
