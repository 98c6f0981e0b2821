import { chromium as playwright, type Page } from "playwright-core";
import type { BrowserContextOptions } from "playwright-core";
import { chromium } from "../../scripts/test-services/chromium.ts";

/** What is missing for a browser, for `testNeeding`. */
export async function browserMissing(): Promise<string | undefined> {
  const found = await chromium();
  return "missing" in found ? found.missing : undefined;
}

/** A page of a real browser, and what went wrong in it. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, of the console, of the content policy, and requests to elsewhere; a test wants none. */
  readonly faults: string[];
  /** The paths that it asked for, with their queries. */
  readonly asked: string[];
}

/** Headless, as root too, and without a word to its maker. */
const FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-sync",
  "--no-first-run",
];
const PATIENCE_MS = 20_000;

/** Opens a page in a browser of its own. Disposing closes the browser. */
export async function openPage(
  url: string,
  { expected = [], ...options }: BrowserContextOptions & { expected?: RegExp[] } = {},
): Promise<OpenPage> {
  const found = await chromium();
  if ("missing" in found) throw new Error(`There is no browser: ${found.missing}`);
  const browser = await playwright.launch({ executablePath: found.program, args: FLAGS });
  try {
    const context = await browser.newContext({
      viewport: { width: 1_280, height: 900 },
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const faults: string[] = [];
    const asked: string[] = [];
    const add = (text: string): void => {
      if (!expected.some((one) => one.test(text))) faults.push(text);
    };
    const { origin } = new URL(url);
    page.on("pageerror", (error) => add(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") add(message.text());
    });
    page.on("request", (request) => {
      const target = new URL(request.url());
      if (target.protocol === "data:") return;
      asked.push(`${target.pathname}${target.search}`);
      if (target.origin !== origin) faults.push(`request to ${target.href}`);
    });
    await page.goto(url);
    return { page, faults, asked, [Symbol.asyncDispose]: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** What a tile shows, exactly. */
export async function tileValue(page: Page, key: string): Promise<string> {
  return (await page.locator(`[data-key="${key}"]`).first().getAttribute("data-value")) ?? "";
}
