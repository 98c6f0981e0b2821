import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { browserMissing, openPage } from "../../../support/browser.ts";
import { testNeeding } from "../../../support/needs.ts";
import { modelFixture, startServe } from "../../../support/serve.ts";
import { until } from "../../../support/until.ts";

const testWithBrowser = testNeeding(await browserMissing());
const ARGS = ["--plugin", modelFixture("jobs.ts"), "--plugin", `other=${modelFixture("jobs.ts")}`];
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

async function ask(url: string): Promise<void> {
  for (const model of ["jobs", "other"]) {
    await fetch(`${url}/models/${model}/predict`, { method: "POST", body: '{"input":{"echo":1}}' });
  }
}

async function isShown(page: Page): Promise<void> {
  await page.locator('[data-table="workers"] tbody tr').first().waitFor();
}

/** How much lighter the text is than what is behind it, as WCAG counts. */
async function contrasts(page: Page): Promise<number[]> {
  return await page.evaluate(() => {
    const channel = (value: number): number => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    const light = (colour: string): number => {
      const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
      return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    };
    const behind = (element: Element | null): string => {
      for (let at = element; at; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if (!backgroundColor.endsWith(", 0)")) return backgroundColor;
      }
      return "rgb(255, 255, 255)";
    };
    const texts = document.querySelectorAll(
      ".tile span, .tile strong, h2, td, th, .legend, .bar b",
    );
    return [...texts].map((element) => {
      const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    });
  });
}

testWithBrowser(
  "the dashboard can be read on a phone: one column, nothing beside the screen",
  async () => {
    const long = `${"a-name-that-fits-nowhere-".repeat(4)}=${modelFixture("jobs.ts")}`;
    await using serve = await startServe([...ARGS, "--plugin", long]);
    await ask(serve.url);
    // A word that fits into no line, as a path or a key would be.
    const body = JSON.stringify({ input: { throw: `word${"d".repeat(200)}` } });
    await fetch(`${serve.url}/models/jobs/predict`, { method: "POST", body });
    await using open = await openPage(`${serve.url}/dashboard`, PHONE);
    const { page, faults } = open;
    await isShown(page);
    await page.locator('[data-table="errors"]').getByText("wordd").waitFor();
    const widths = await page.evaluate(() => ({
      whole: document.documentElement.scrollWidth,
      screen: window.screen.width,
      beside: [...document.querySelectorAll("main *")]
        .filter((element) => element.getBoundingClientRect().right > window.screen.width + 1)
        .filter((element) => !element.closest(".bars, .uplot"))
        .map((element) => element.outerHTML.slice(0, 80)),
      cut: [...document.querySelectorAll(".rows")]
        .filter((rows) => rows.scrollWidth > rows.clientWidth)
        .map((rows) => rows.textContent.slice(0, 80)),
      smallest: Math.min(
        ...[...document.querySelectorAll("main span, main td, main th, main strong")].map(
          (element) => Number.parseFloat(getComputedStyle(element).fontSize),
        ),
      ),
    }));
    expect(widths.beside).toEqual([]);
    expect(widths.cut).toEqual([]);
    expect(widths.whole).toBeLessThanOrEqual(widths.screen);
    expect(widths.smallest).toBeGreaterThanOrEqual(11);
    // A row of a table is a card: each cell says what it is.
    const cell = page.locator('[data-table="workers"] [data-key="device"]').first();
    const label = await cell.evaluate((element) => getComputedStyle(element, "::before").content);
    expect(label).toContain("Device");
    await page.getByRole("button", { name: "1 h" }).tap();
    expect(await page.getByRole("button", { name: "1 h" }).getAttribute("aria-pressed")).toBe(
      "true",
    );
    expect(faults).toEqual([]);
  },
);

testWithBrowser(
  "the dashboard is dark or light as the system wants, or as the person does",
  async () => {
    await using serve = await startServe(ARGS);
    await ask(serve.url);
    await using open = await openPage(`${serve.url}/dashboard`, { colorScheme: "dark" });
    const { page, faults } = open;
    const brightness = async (): Promise<number> => {
      const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      return Number(colour.match(/\d+/)?.[0]);
    };
    await isShown(page);
    expect(await brightness()).toBeLessThan(40);
    expect(Math.min(...(await contrasts(page)))).toBeGreaterThanOrEqual(4.5);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await brightness()).toBeGreaterThan(200);
    expect(Math.min(...(await contrasts(page)))).toBeGreaterThanOrEqual(4.5);
    const button = page.getByRole("button", { name: "Colours" });
    await button.click();
    expect(await button.textContent()).toContain("dark");
    // Who hears the page is told what others see on the button.
    expect(await page.getByRole("button", { name: "dark" }).count()).toBe(1);
    expect(await brightness()).toBeLessThan(40);
    await page.reload();
    await isShown(page);
    expect(await brightness()).toBeLessThan(40);
    await button.click();
    expect(await brightness()).toBeGreaterThan(200);
    await button.click();
    expect(await button.textContent()).toContain("auto");
    expect(faults).toEqual([]);
  },
);

testWithBrowser("the dashboard shows all models, or one", async () => {
  await using serve = await startServe(ARGS);
  await ask(serve.url);
  await ask(serve.url);
  await using open = await openPage(`${serve.url}/dashboard`);
  const { page, faults } = open;
  await isShown(page);
  const answered = async (): Promise<string | null> =>
    page.locator('[data-key="answered"]').first().getAttribute("data-value");
  const choice = page.getByRole("combobox", { name: "What is shown" });
  expect(await choice.locator("option").allTextContents()).toEqual([
    "all models",
    "jobs@1",
    "other@1",
  ]);
  await until(async () => (await answered()) === "4", { what: "all four", timeoutMs: 20_000 });
  await choice.selectOption("other@1");
  await until(async () => (await answered()) === "2", { what: "its own two", timeoutMs: 20_000 });
  expect(await page.locator('[data-table="models"] tbody tr').count()).toBe(1);
  expect(faults).toEqual([]);
});
