import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { debianBinary } from "../servers/debian-package.ts";

const found = await debianBinary("chromium", "chromium");

/** Why there is no browser here; null where there is one. */
export const browserMissing: string | null = "missing" in found ? found.missing : null;
if (browserMissing !== null) process.stderr.write(`suites with a browser are skipped: ${browserMissing}\n`);

/** A real browser. As root it has no sandbox, in a container little shared memory, and here nothing that draws for it. */
export function openBrowser(): Promise<Browser> {
  if ("missing" in found) throw new Error(found.missing);
  return chromium.launch({
    executablePath: found.path,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

export interface Visit {
  readonly page: Page;
  /** What the page said was wrong, and what it asked of other machines: nothing, if all is well. */
  readonly faults: readonly string[];
  readonly close: () => Promise<void>;
}

/** A tab of its own, that writes down what goes wrong in it. */
export async function visit(
  browser: Browser,
  origin: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Visit> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    // What moves is painted again and again.
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:")) faults.push(`asked another machine: ${url}`);
  });
  return { page, faults, close: () => context.close() };
}
