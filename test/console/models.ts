import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Browser } from "playwright-core";
import { expect, test } from "vitest";
import type { Store } from "../../src/index.ts";
import { now } from "../flow/open-test-store.ts";
import { visit } from "./browser.ts";
import { post } from "./post.ts";
import { violations } from "./violations.ts";

/** What the console shows of models, and what may be done with them, of which versions 1 and 2 of `fraud` are there. */
export function testModels(at: () => { readonly browser: Browser; readonly url: string; readonly store: Store }): void {
  test("draws what training found, and says so where it was not kept", async () => {
    const { browser, url, store } = at();
    const { page, faults, close } = await visit(browser, url, { reducedMotion: "reduce" });
    const { findings } = await store.evaluation("fraud");
    const registry = new DatabaseSync(path.join((await store.status()).home, "registry.sqlite"));
    const details = (
      registry.prepare("select details from model_version where version = 2").get() as { details: string }
    ).details;
    const set = registry.prepare("update model_version set details = ? where version = 2");
    try {
      await page.goto(`${url}/models`);
      const { positives, negatives } = findings!.roc!;
      await page.getByRole("img", { name: `ROC curve of ${positives} true and ${negatives} false examples` }).waitFor();
      await page.getByRole("img", { name: /^Calibration/ }).waitFor();
      const importance = page.getByRole("region", { name: "Importance of features" });
      const shown = await importance.getByRole("row").locator("th[scope=row]").allTextContents();
      expect(shown).toEqual(findings!.importance!.features.map(({ feature }) => feature));
      expect(await violations(page)).toEqual([]);
      const { findings: _, ...before } = JSON.parse(details) as Record<string, unknown>;
      set.run(JSON.stringify(before));
      await page.getByRole("button", { name: "Version 2", exact: true }).click();
      await page.getByText(/^This version was trained before its ROC curve/).waitFor();
      expect(await page.getByRole("img", { name: /^ROC/ }).count()).toBe(0);
      expect(faults).toEqual([]);
    } finally {
      set.run(details);
      registry.close();
      await close();
    }
  });

  test("promotes a version once that is confirmed, and can go back", async () => {
    const { browser, url, store } = at();
    const { page, faults, close } = await visit(browser, url);
    const promoted = async (): Promise<number> =>
      (await store.models("fraud")).find((version) => version.promoted)!.version;
    try {
      await page.goto(`${url}/models`);
      expect(await promoted()).toBe(1);
      const versions = page.getByRole("region", { name: "Versions", exact: true });
      await page.getByRole("button", { name: "Promote" }).click();
      await page.getByRole("button", { name: "Yes, let version 2 serve" }).click();
      await versions.getByRole("row", { name: /^Version 2.*serves/ }).waitFor();
      expect(await promoted()).toBe(2);
      await page.getByRole("button", { name: "Roll back to it" }).click();
      await page.getByRole("button", { name: "Yes, let version 1 serve" }).click();
      await versions.getByRole("row", { name: /^Version 1.*serves/ }).waitFor();
      expect(await promoted()).toBe(1);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("tries a version out, shows how each does as outcomes come in, and ends the trial", async () => {
    const { browser, url, store } = at();
    const { page, faults, close } = await visit(browser, url);
    const role = async (): Promise<unknown> => {
      const { role, share } = (await store.models("fraud")).find(({ version }) => version === 2)!;
      return { role, share };
    };
    try {
      await page.goto(`${url}/models`);
      const row = page.getByRole("region", { name: "Versions", exact: true }).getByRole("row", { name: /^Version 2/ });
      await page.getByRole("button", { name: "Try out version 2" }).click();
      const trial = page.getByRole("form", { name: "Trial of version 2" });
      await trial.getByLabel("As a canary").check();
      await trial.getByLabel("Share of the keys, %").fill("100");
      expect(await violations(page)).toEqual([]);
      await trial.getByRole("button", { name: "Let it answer for 100 %" }).click();
      await row.getByText("canary, 100 % of keys").waitFor();
      expect(await role()).toEqual({ role: "canary", share: 1 });
      await post(`${at().url}/v1/predict/fraud`, { entities: [{ customer: "calm-3" }] });
      const outcomes = page.getByRole("region", { name: "As outcomes come in" });
      await outcomes.getByRole("row", { name: /^Version 2 canary 1 / }).waitFor();
      await page.getByRole("button", { name: "Trial of version 2" }).click();
      await trial.getByRole("button", { name: "End the trial" }).click();
      await row.getByText("kept").waitFor();
      expect(await role()).toEqual({ role: null, share: null });
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

  test("draws how the version that serves does as outcomes arrive", async () => {
    const { browser, url, store } = at();
    const { page, faults, close } = await visit(browser, url, { reducedMotion: "reduce" });
    try {
      await page.goto(`${url}/models`);
      await page.getByRole("region", { name: "As outcomes come in" }).waitFor();
      expect(await page.getByText("as time goes on").count()).toBe(0);
      const customers = Array.from({ length: 120 }, (_, i) => `${i % 3 === 0 ? "hasty" : "calm"}-n${i}`);
      for (const part of [customers.slice(0, 60), customers.slice(60)]) {
        await post(`${at().url}/v1/predict/fraud`, { entities: part.map((customer) => ({ customer })) });
        // Time goes on as records come in.
        await post(`${at().url}/v1/events/payments?wait=applied`, [
          { at: now, customer: "last", amount: 1, cents: 1, refund: false },
        ]);
      }
      await post(
        `${at().url}/v1/events/payments?wait=applied`,
        customers.map((customer, i) => ({ at: now, customer, amount: 12, cents: 1, refund: i % 4 === 0 })),
      );
      const { versions } = await store.compareModel("fraud");
      expect(versions.find(({ role }) => role === "current")!.course).toHaveLength(2);
      const chart = page.getByRole("img", { name: /^AUC of version 1 in 2 stretches of time/ });
      await chart.waitFor();
      expect(await violations(page)).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });
}
