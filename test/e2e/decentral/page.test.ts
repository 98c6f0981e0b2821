import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { browserMissing, openPage } from "../../support/browser.ts";
import { NOTING } from "../../support/fleet.ts";
import { decentral, jobLines, startDecentral, statusOf } from "../../support/fleet-process.ts";
import { testNeeding } from "../../support/needs.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const testWithBrowser = testNeeding(await browserMissing());
const SERVERS = ["--remote-servers", "n1:1,n2:2"];

/** The sum of a metric's lines that have all of these labels. */
async function metric(url: string, name: string, ...labels: string[]): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  const found = lines.filter((line) => labels.every((label) => line.includes(label)));
  return found.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** What a tile shows, exactly. */
async function tile(page: Page, key: string): Promise<number> {
  return Number(await page.locator(`.tile [data-key="${key}"]`).getAttribute("data-value"));
}

/** What a row of the servers' table shows, exactly. */
async function ofServer(page: Page, server: string, key: string): Promise<number> {
  const row = page.locator('[data-table="groups"] tbody tr', { hasText: server });
  return Number(await row.locator(`[data-key="${key}"]`).getAttribute("data-value"));
}

testWithBrowser("the dashboard shows what /metrics says, per server and all together", async () => {
  await using folder = await tempFolder();
  const to = folder.file("notes");
  const lines = jobLines(60, (n) => ({
    to,
    n,
    ms: 20,
    giveUp: n % 10 === 0,
    failUntil: n % 7 ? 0 : 1,
  }));
  const file = await folder.write("jobs.jsonl", lines);
  await decentral(["push", file], { cwd: folder.path });
  const args = ["--plugin", NOTING, "--num-client", "3", "--retry-ms", "50", ...SERVERS];
  await using fleet = await startDecentral(args, { cwd: folder.path });
  const { url } = fleet;
  await until(
    async () => {
      const { done = 0, dead = 0 } = (await statusOf(fleet)).jobs;
      return done === 54 && dead === 6;
    },
    { what: "all jobs", timeoutMs: 60_000 },
  );
  await using open = await openPage(`${url}/dashboard`);
  const { page, faults } = open;
  await page.locator('[data-table="units"] tbody tr').first().waitFor();
  await until(async () => (await tile(page, "done")) === 54 && (await tile(page, "idle")) === 6, {
    what: "the last numbers",
  });
  for (const outcome of ["done", "retried", "dead", "failed"]) {
    const label = `outcome="${outcome}"`;
    expect(await tile(page, outcome)).toBe(await metric(url, "ding_decentral_jobs_total", label));
    for (const server of ["n1:1", "n2:2"]) {
      const own = await metric(url, "ding_decentral_jobs_total", label, `server="${server}"`);
      expect(await ofServer(page, server, outcome)).toBe(own);
    }
  }
  expect(await tile(page, "retried")).toBeGreaterThan(0);
  for (const state of ["busy", "idle", "waiting", "down"]) {
    const label = `state="${state}"`;
    expect(await tile(page, state)).toBe(await metric(url, "ding_decentral_units", label));
  }
  await until(async () => (await tile(page, "deadJobs")) === 6, {
    what: "the queue's dead letters",
  });
  expect(await metric(url, "ding_decentral_queue_jobs", 'state="dead"')).toBe(6);
  expect(await page.locator('[data-table="units"] tbody tr').count()).toBe(6);

  const choice = page.getByRole("combobox", { name: "What is shown" });
  await choice.selectOption("n2:2");
  const own = await metric(url, "ding_decentral_jobs_total", 'outcome="done"', 'server="n2:2"');
  await until(async () => (await tile(page, "done")) === own, { what: "one server's numbers" });
  const rows = page.locator('[data-table="units"] tbody tr');
  await until(async () => (await rows.count()) === 3, { what: "one server's units" });
  expect(await tile(page, "uptime")).toBeGreaterThan(0);
  expect(faults).toEqual([]);
});

testWithBrowser("the dashboard shows that the fleet is idle, and asks for the token", async () => {
  await using folder = await tempFolder();
  const env = { DING_TOKEN: "the-token-of-this-test-0123456789" };
  const args = ["--plugin", NOTING, "--num-client", "2"];
  await using fleet = await startDecentral(args, { cwd: folder.path, env });
  await decentral(["idle", "--port", `${fleet.port}`], { env });
  await using open = await openPage(`${fleet.url}/dashboard`, { expected: [/401/] });
  const { page } = open;
  await page.getByRole("textbox", { name: "Token" }).fill(env.DING_TOKEN);
  await page.keyboard.press("Enter");
  await until(async () => (await page.getByRole("status").textContent()) === "idle", {
    what: "the state",
  });
  expect(await tile(page, "idle")).toBe(0);
});
