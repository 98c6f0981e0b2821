import { expect } from "bun:test";
import { browserMissing, openPage, tileValue } from "../../../support/browser.ts";
import { testNeeding } from "../../../support/needs.ts";
import { modelFixture, startServe } from "../../../support/serve.ts";
import { until } from "../../../support/until.ts";
import { Load, metricOf } from "./load.ts";

const testWithBrowser = testNeeding(await browserMissing());
const ARGS = ["--plugin", modelFixture("jobs.ts"), "--workers", "2", "--batch-size", "8"];
const LONG = { timeoutMs: 30_000 };

testWithBrowser("the dashboard shows the numbers of /metrics, under load and after", async () => {
  await using serve = await startServe(ARGS);
  const { url } = serve;
  await using open = await openPage(`${url}/dashboard`);
  const { page, faults } = open;
  const number = async (key: string): Promise<number> => Number(await tileValue(page, key));
  const load = new Load(url);
  try {
    await until(async () => (await number("answered")) > 300, { what: "answers", ...LONG });
    // As many a second as the counter grows by, within a half: the machine may have other work.
    const before = { at: performance.now(), count: await metricOf(url, "nv_inference_count{") };
    await until(() => performance.now() - before.at > 5_500, LONG);
    const grown = (await metricOf(url, "nv_inference_count{")) - before.count;
    const rate = (grown / (performance.now() - before.at)) * 1_000;
    const shown = await number("rate");
    expect(shown / rate).toBeGreaterThan(0.5);
    expect(shown / rate).toBeLessThan(2);
    expect(await number("batch")).toBeGreaterThanOrEqual(1);
  } finally {
    await load.stop();
  }
  // The last to be shown may be one of either.
  const areShown = async (): Promise<boolean> =>
    (await number("answered")) === load.answered && (await number("failed")) === load.failed;
  await until(areShown, { what: () => `${load.answered} and ${load.failed} to be shown`, ...LONG });
  expect(await metricOf(url, "nv_inference_request_success{")).toBe(load.answered);
  expect(await metricOf(url, "nv_inference_request_failure{")).toBe(load.failed);
  expect(load.failed).toBeGreaterThan(0);
  for (const [key, quantile] of [
    ["p50", "0.5"],
    ["p95", "0.95"],
    ["p99", "0.99"],
  ] as const) {
    const line = `nv_inference_request_summary_us{model="jobs",version="1",quantile="${quantile}"}`;
    await until(
      async () => {
        const told = (await metricOf(url, line)) / 1_000;
        return Math.abs((await number(key)) - told) / told < 0.05;
      },
      { what: `${key} to be that of /metrics`, ...LONG },
    );
  }
  const bars = page.locator('[data-panel="Batch sizes"] .bar');
  const counts = await bars.evaluateAll((all) =>
    all.map((bar) => [Number(bar.dataset["label"]), Number(bar.dataset["value"])] as const),
  );
  expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(
    await metricOf(url, "ding_serve_batch_rows_count{"),
  );
  expect(counts.reduce((sum, [rows, count]) => sum + rows * count, 0)).toBe(
    await metricOf(url, "ding_serve_batch_rows_sum{"),
  );
  const errors = page.locator('[data-table="errors"] tbody tr', { hasText: "BACKEND" });
  expect(await errors.locator('[data-key="count"]').getAttribute("data-value")).toBe(
    String(load.failed),
  );
  expect(await errors.locator('[data-key="message"]').textContent()).toContain("item ");
  const workers = page.locator('[data-table="workers"] tbody tr');
  expect(await workers.count()).toBe(2);
  const batches = await workers
    .locator('[data-key="batches"]')
    .evaluateAll((cells) => cells.map((cell) => Number(cell.dataset["value"])));
  expect(batches.reduce((sum, count) => sum + count, 0)).toBe(
    await metricOf(url, "ding_serve_worker_batches_total{"),
  );
  expect(await tileValue(page, "open")).toBe("0");
  expect(faults).toEqual([]);
});

testWithBrowser("the dashboard shows the past since the start to who comes later", async () => {
  await using serve = await startServe(ARGS);
  const { url } = serve;
  const load = new Load(url, { loops: 2 });
  await until(() => load.answered > 50, LONG);
  await load.stop();
  await until(
    async () => {
      const fed = (await (await fetch(`${url}/dashboard/feed`)).json()) as {
        history: { atMs: number[] };
      };
      return fed.history.atMs.length >= 3;
    },
    { what: "three steps", ...LONG },
  );
  await using open = await openPage(`${url}/dashboard`);
  const { page, faults, asked } = open;
  const feeds = (): string[] => asked.filter((path) => path.startsWith("/dashboard/feed"));
  await until(() => feeds().length >= 3, { what: "three looks", ...LONG });
  // All at first, then only what is new.
  expect(feeds()[0]).not.toContain("since=");
  expect(feeds()[1]).toContain("since=");
  const drawn = await page
    .locator('[data-panel="Requests"] canvas')
    .evaluate((canvas: HTMLCanvasElement) => {
      const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels?.some((value) => value > 0) ?? false;
    });
  expect(drawn).toBe(true);
  expect(await page.locator('[data-panel="Latency"] .legend').textContent()).toMatch(/p50 [\d.]+/);
  expect(faults).toEqual([]);
});

testWithBrowser("the dashboard tells of a worker that died, and of its successor", async () => {
  await using serve = await startServe(ARGS);
  await using open = await openPage(`${serve.url}/dashboard`);
  const { page, faults } = open;
  const cell = page.locator('[data-table="workers"] [data-key="pid"]').first();
  const pid = Number(await cell.textContent());
  await until(async () => (await page.locator(".events li").count()) >= 3, LONG);
  process.kill(pid, "SIGKILL");
  const events = page.locator(".events");
  await events.getByText(`has ended (process ${pid})`).waitFor();
  await until(async () => Number(await cell.textContent()) !== pid, { what: "a new one", ...LONG });
  expect(faults).toEqual([]);
});

testWithBrowser("the dashboard shows what a model says as text, whatever it is", async () => {
  await using serve = await startServe(ARGS);
  const text = `<img src=x onerror="document.title='taken'">`;
  await fetch(`${serve.url}/predict`, {
    method: "POST",
    body: JSON.stringify({ input: { throw: text } }),
  });
  await using open = await openPage(`${serve.url}/dashboard`);
  const { page, faults } = open;
  await page.locator('[data-table="errors"]').getByText(text).waitFor();
  expect(await page.title()).toBe("ding serve");
  expect(await page.locator("main img").count()).toBe(0);
  expect(faults).toEqual([]);
});

testWithBrowser("counts are shown with all their digits, as long as a tile has room", async () => {
  await using serve = await startServe(ARGS);
  await using open = await openPage(`${serve.url}/dashboard`);
  const { page, faults } = open;
  const tile = page.locator('strong[data-key="answered"]');
  await tile.waitFor();
  const shown = await tile.evaluate(async (element, from: string) => {
    const { format } = (await import(from)) as { format: (value: number, kind: string) => string };
    const texts = [0, 999, 123_456, 9_999_999, 12_345_678].map((value) => format(value, "count"));
    element.textContent = texts[3] ?? "";
    const { scrollWidth, clientWidth } = element.parentElement ?? element;
    return { texts, isCut: scrollWidth > clientWidth };
  }, "/dashboard/assets/format.browser.js");
  expect(shown.texts).toEqual(["0", "999", "123,456", "9,999,999", "12.3 M"]);
  expect(shown.isCut).toBe(false);
  expect(faults).toEqual([]);
});
