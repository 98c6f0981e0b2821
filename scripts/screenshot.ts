/**
 * Makes docs/images/serve-dashboard.png: a server with two models under load, as its dashboard shows it.
 * `bun scripts/screenshot.ts --seconds 60 --out picture.png --dark`; needs a browser (chromium).
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chromium as playwright } from "playwright-core";
import { chromium } from "./test-services/chromium.ts";

const ROOT = join(import.meta.dirname, "..");
const FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"];
const MOST_LOOPS = 24;
const MODELS = { digits: 4, words: 9 };

/** A model that takes as long as a small network would, and says how sure it is. */
const plugin = (batchMs: number): string => `
import { defineModel } from "ding";

export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 64] } },
  output: { y: { datatype: "FP32", shape: [-1, 10] } },
  load: () => ({}),
  async predict(_model, inputs, ctx) {
    await new Promise((resolve) => setTimeout(resolve, ${batchMs} + inputs.length / 8));
    ctx.recordStatistic({ confidence: 0.8 + Math.random() / 5 });
    return inputs.map(() => ({ y: new Float32Array(10) }));
  },
});
`;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(ROOT, "docs/images/serve-dashboard.png") },
    seconds: { type: "string", default: "60" },
    dark: { type: "boolean", default: false },
  },
});
process.exitCode = await makePicture(Number(values.seconds) * 1_000);

async function makePicture(ms: number): Promise<number> {
  const browser = await chromium();
  if ("missing" in browser) {
    console.error(`Cannot make a picture: there is no browser (${browser.missing})`);
    return 1;
  }
  await using folder = await mkdtempDisposable(join(tmpdir(), "ding-screenshot-"));
  const plugins = Object.entries(MODELS).flatMap(([name, batchMs]) => {
    const file = join(folder.path, `${name}.ts`);
    writeFileSync(file, plugin(batchMs));
    return ["--plugin", file];
  });
  await using server = await startServer(plugins);
  const stop = new AbortController();
  const startedMs = performance.now();
  const loops = Array.from({ length: MOST_LOOPS }, (_, index) =>
    ask(server.url, { index, startedMs, ms, signal: stop.signal }),
  );
  await delay(ms);
  await takePicture(browser.program, `${server.url}/dashboard`);
  stop.abort();
  await Promise.all(loops);
  console.log(values.out);
  return 0;
}

/** Asks while the load is high enough for one with this number: it comes and goes in waves. */
async function ask(
  url: string,
  of: { index: number; startedMs: number; ms: number; signal: AbortSignal },
): Promise<void> {
  const model = Object.keys(MODELS)[of.index % 2];
  for (let count = 0; !of.signal.aborted; count++) {
    const part = (performance.now() - of.startedMs) / of.ms;
    const wanted = MOST_LOOPS * (0.55 - 0.45 * Math.cos(part * 4 * Math.PI));
    if (of.index > wanted) {
      await delay(50);
      continue;
    }
    // Now and then somebody sends what does not fit.
    const size = of.index === 0 && count % 400 === 399 ? 63 : 64;
    const input = { x: Array.from({ length: size }, () => 0.5) };
    const body = JSON.stringify({ input });
    const answer = await fetch(`${url}/models/${model}/predict`, { method: "POST", body });
    await answer.arrayBuffer();
  }
}

async function startServer(plugins: string[]): Promise<AsyncDisposable & { url: string }> {
  const options = ["--workers", "2", "--batch-size", "16", "--port", "0", "--json"];
  const args = [join(ROOT, "commands/main.ts"), "serve", ...plugins, ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const { ready, url } = JSON.parse(line) as { ready?: boolean; url?: string };
    if (ready === true && url) return { url, [Symbol.asyncDispose]: stop };
  }
  throw new Error("The server has ended before it was ready");
}

async function takePicture(program: string, url: string): Promise<void> {
  const browser = await playwright.launch({ executablePath: program, args: FLAGS });
  try {
    const page = await browser.newPage({
      viewport: { width: 1_280, height: 1_120 },
      colorScheme: values.dark ? "dark" : "light",
    });
    await page.goto(url);
    await page.locator('[data-table="workers"] tbody tr').first().waitFor();
    await delay(3_000);
    mkdirSync(dirname(values.out), { recursive: true });
    await page.screenshot({ path: values.out });
  } finally {
    await browser.close();
  }
}
