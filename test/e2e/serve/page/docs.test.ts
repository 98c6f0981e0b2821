import { expect } from "bun:test";
import { runCommand } from "../../../../scripts/test-services/run-command.ts";
import { browserMissing, openPage } from "../../../support/browser.ts";
import { testNeeding } from "../../../support/needs.ts";
import { modelFixture, startServe } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const testWithBrowser = testNeeding(await browserMissing());
const PLUGIN = ["--plugin", modelFixture("jobs.ts")];
const PREDICT = "post /models/jobs/versions/1/predict";
const TOKEN = "the-token-of-this-test-0123456789";

testWithBrowser(
  "/docs sends what is written there, shows the answer, and the same for curl",
  async () => {
    await using serve = await startServe(PLUGIN);
    await using open = await openPage(`${serve.url}/docs`);
    const { page, faults } = open;
    const route = page.locator(`details[data-route="${PREDICT}"]`);
    await route.locator("summary").click();
    const item = { input: { echo: { text: "it's", list: [1, 2] } } };
    await route.getByLabel("Body").fill(JSON.stringify(item));
    await route.getByRole("button", { name: "Send" }).click();
    await route.getByText("200 OK").waitFor();
    const shown = await route.locator(".answer pre").textContent();
    const answer = { output: { text: "it's", list: [1, 2] } };
    expect(JSON.parse(shown ?? "")).toEqual(answer);
    const line = (await route.locator(".curl").textContent()) ?? "";
    const { code, stdout } = await runCommand(["sh", "-c", `${line} -s`]);
    expect([code, JSON.parse(stdout)]).toEqual([0, answer]);
    await route.getByLabel("Body").fill("{");
    await route.getByRole("button", { name: "Send" }).click();
    await route.getByText("400 Bad Request").waitFor();
    // The browser tells of a refusal itself.
    expect(faults.filter((fault) => !/status of 400/.test(fault))).toEqual([]);
  },
);

testWithBrowser("/docs fills in paths and queries", async () => {
  await using serve = await startServe(PLUGIN);
  await using open = await openPage(`${serve.url}/docs`);
  const { page, faults } = open;
  const route = page.locator('details[data-route="get /v2/models/{model}/ready"]');
  await route.locator("summary").click();
  await route.getByLabel("model (path)").fill("jobs");
  expect(await route.locator(".curl").textContent()).toContain("/v2/models/jobs/ready");
  await route.getByRole("button", { name: "Send" }).click();
  await route.getByText('"ready": true').waitFor();
  const encode = page.locator('details[data-route="post /encode_json"]');
  await encode.locator("summary").click();
  await encode.getByLabel("model (query, optional)").fill("jobs");
  await encode.getByLabel("Body").fill('{"echo":5}');
  await encode.getByRole("button", { name: "Send" }).click();
  await encode.getByText('"data": 5').waitFor();
  expect(await encode.locator(".curl").textContent()).toContain("/encode_json?model=jobs");
  expect(faults).toEqual([]);
});

testWithBrowser(
  "/docs of a server with a token asks for it, and leaves it out of the curl line",
  async () => {
    await using folder = await tempFolder();
    const file = await folder.write("token", TOKEN);
    await using serve = await startServe([...PLUGIN, "--token-file", file]);
    await using open = await openPage(`${serve.url}/docs`, { expected: [/status of 401/] });
    const { page, faults } = open;
    await page.getByRole("dialog", { name: "Token" }).locator("input").fill(TOKEN);
    await page.keyboard.press("Enter");
    const route = page.locator(`details[data-route="${PREDICT}"]`);
    await route.locator("summary").click();
    await route.getByLabel("Body").fill('{"input":{"echo":7}}');
    await route.getByRole("button", { name: "Send" }).click();
    await route.getByText('"output": 7').waitFor();
    const line = (await route.locator(".curl").textContent()) ?? "";
    expect(line).not.toContain(TOKEN);
    const { stdout } = await runCommand(["sh", "-c", `${line} -s`], { env: { DING_TOKEN: TOKEN } });
    expect(JSON.parse(stdout)).toEqual({ output: 7 });
    expect(faults).toEqual([]);
  },
);
