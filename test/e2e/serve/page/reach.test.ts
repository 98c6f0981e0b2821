import { expect } from "bun:test";
import { browserMissing, openPage, tileValue } from "../../../support/browser.ts";
import { freePort } from "../../../support/free-port.ts";
import { testNeeding } from "../../../support/needs.ts";
import { spawnDing } from "../../../support/ding.ts";
import { modelFixture, startServe } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

const testWithBrowser = testNeeding(await browserMissing());
const PLUGIN = ["--plugin", modelFixture("jobs.ts")];
const TOKEN = "the-token-of-this-test-0123456789";
const LONG = { timeoutMs: 40_000 };

testWithBrowser("the dashboard asks for the token once, and shows nothing before", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("token", TOKEN);
  await using serve = await startServe([...PLUGIN, "--token-file", file]);
  const expected = [/status of 40[13]/]; // the browser tells of each refusal itself
  await using open = await openPage(`${serve.url}/dashboard`, { expected });
  const { page, faults, asked } = open;
  const prompt = page.getByRole("dialog", { name: "Token" });
  const field = page.getByLabel("Token", { exact: true }).and(page.locator("input"));
  await prompt.waitFor();
  expect(await tileValue(page, "answered")).toBe("");
  await page.keyboard.press("Escape");
  expect(await prompt.isVisible()).toBe(true);
  await field.fill("not-the-token-of-this-test");
  await page.keyboard.press("Enter");
  await page.getByText("This is not the server's token.").waitFor();
  await field.fill(TOKEN);
  await page.getByRole("button", { name: "Go on" }).click();
  await until(async () => (await tileValue(page, "answered")) === "0", LONG);
  expect(await prompt.count()).toBe(0);
  await page.reload();
  await until(async () => (await tileValue(page, "answered")) === "0", LONG);
  expect(await prompt.count()).toBe(0);
  expect(asked.join("\n")).not.toContain(TOKEN);
  const kept = await page.evaluate(() => JSON.stringify(localStorage) + document.cookie);
  expect(kept).not.toContain(TOKEN);
  expect(faults).toEqual([]);
});

testWithBrowser(
  "the dashboard says when the server is gone, and begins anew with the next",
  async () => {
    const port = await freePort();
    const args = ["serve", ...PLUGIN, "--port", `${port}`, "--json"];
    const url = `http://127.0.0.1:${port}`;
    // It may be killed before an answer, or in the middle of one.
    const expected = [/ERR_(CONNECTION_\w+|EMPTY_RESPONSE|INCOMPLETE_\w+|CONTENT_LENGTH_MISMATCH)/];
    await using first = spawnDing(args, { runtime: "binary" });
    await first.ready(LONG.timeoutMs);
    await fetch(`${url}/predict`, { method: "POST", body: '{"input":{"echo":1}}' });
    await using open = await openPage(`${url}/dashboard`, { expected });
    const { page, faults } = open;
    await until(async () => (await tileValue(page, "answered")) === "1", LONG);
    first.kill("SIGKILL");
    const gone = page.locator(".gone");
    await gone.getByText("The server is gone: it cannot be reached.").waitFor();
    expect(await gone.textContent()).toContain("What is shown is of ");
    expect(await page.locator("header .state").textContent()).toBe("gone");
    await first.waitForExit(LONG.timeoutMs);
    await using second = spawnDing(args, { runtime: "binary" });
    await second.ready(LONG.timeoutMs);
    // What it shows at first may be of the time before the server was ready.
    const state = page.locator("header .state");
    await until(async () => (await state.textContent()) === "ready", LONG);
    expect(await tileValue(page, "answered")).toBe("0");
    expect(await gone.isVisible()).toBe(false);
    expect(faults).toEqual([]);
  },
);
