import { readdirSync } from "node:fs";
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { oipServer, sayJson } from "../integration/load/oip-server.ts";
import { ding, spawnDing } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const QUICK = ["--duration", "400ms", "--warm-up", "100ms"];

test("ding bench serve prints a row for each level", async () => {
  await using server = await oipServer();
  const result = await ding(["bench", "serve", server.url, "--concurrency", "1:4", ...QUICK]);
  expect(result).toMatchObject({ code: 0 });
  const [title, head, ...rows] = result.stdout.trimEnd().split("\n");
  expect(title).toStartWith(`m at 127.0.0.1:${server.port}, json, 1 row and `);
  expect(head?.trim().split(/ {2,}/)).toEqual([
    "clients",
    "answers/s",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "max ms",
    "failed",
    "queue ms",
    "model ms",
    "batch",
    "steady",
  ]);
  expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(["1", "2", "4"]);
});

test("ding bench serve writes JSON to stdout, and CSV and a picture to files", async () => {
  await using server = await oipServer();
  await using folder = await tempFolder();
  const [csv, svg] = [folder.file("load.csv"), folder.file("load.svg")];
  const ways = ["--concurrency", "2", "--rate", "50,100", "--distribution", "constant"];
  const flags = [...ways, "--json", "--format", "binary"];
  const files = ["--csv", csv, "--out", svg];
  const result = await ding(["bench", "serve", server.url, ...flags, ...files, ...QUICK]);
  expect(result).toMatchObject({ code: 0 });
  const { levels, model, format } = JSON.parse(result.stdout);
  expect({ model, format }).toEqual({ model: "m", format: "binary" });
  expect(levels.map((one: { mode: string; level: number }) => [one.mode, one.level])).toEqual([
    ["concurrency", 2],
    ["rate", 50],
    ["rate", 100],
  ]);
  expect(levels[0].latencyMs.p99).toBeGreaterThan(0);
  const lines = (await readFile(csv, "utf8")).trimEnd().split("\n");
  expect(lines.length).toBe(4);
  expect(lines[0]).toStartWith("Concurrency,Request Rate,Inferences/Second,");
  expect(await readFile(svg, "utf8")).toStartWith("<svg ");
  // Nobody wants to measure again because a folder is missing.
  const seen = server.seen.length;
  for (const file of [folder.file("none/load.csv"), folder.path]) {
    const told = await ding(["bench", "serve", server.url, "--csv", file]);
    expect(told).toMatchObject({ code: 2, stdout: "" });
    expect(told.stderr).toStartWith(`ding: Cannot write --csv: "${file}": `);
  }
  const told = await ding(["bench", "serve", server.url, "--out", "load.png"]);
  expect(told).toMatchObject({ code: 2, stdout: "" });
  expect(told.stderr).toContain('--out: "load.png": the picture is SVG, name it FILE.svg');
  expect(server.seen.length).toBe(seen);
});

test("ding bench serve ends with 6 when requests failed, and says why", async () => {
  await using server = await oipServer();
  server.answer = (response) =>
    server.seen.length < 5 ? sayJson(response, {}) : sayJson(response, { error: "full" }, 503);
  const result = await ding(["bench", "serve", server.url, "--concurrency", "2", ...QUICK]);
  expect(result).toMatchObject({ code: 6 });
  expect(result.stderr).toMatch(/At 2: \d+ × status 503: full/);
});

test("ding bench serve ends with 5 when nobody listens, and 2 for what it cannot read", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  await using folder = await tempFolder();
  const files = ["--csv", folder.file("load.csv"), "--out", folder.file("load.svg")];
  expect(await ding(["bench", "serve", url, ...files])).toMatchObject({ code: 5, stdout: "" });
  // What measured nothing leaves nothing.
  expect(readdirSync(folder.path)).toEqual([]);
  const result = await ding(["bench", "serve", url, "--concurrency", "none"]);
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain('Cannot use --concurrency: "none" is no range');
  expect(await ding(["bench", "serve"])).toMatchObject({ code: 2, stdout: "" });
});

test("ding bench serve stopped half-way reports the levels that are whole", async () => {
  await using server = await oipServer();
  server.answer = (response) => setTimeout(() => sayJson(response, {}), 20);
  const flags = ["--concurrency", "1,64", "--duration", "3s", "--warm-up", "0", "--json"];
  await using running = spawnDing(["bench", "serve", server.url, ...flags]);
  await until(() => server.peak > 32, { timeoutMs: 40_000 });
  const { code, stdout } = await running.stop("SIGINT");
  expect(code).toBe(130);
  const { levels, isInterrupted } = JSON.parse(stdout);
  expect({ levels: levels.length, isInterrupted }).toEqual({ levels: 1, isInterrupted: true });
});
