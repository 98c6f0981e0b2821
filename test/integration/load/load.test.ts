import { expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import type { DingError } from "../../../src/core/errors.ts";
import { type LoadReport, runLoad } from "../../../src/load/load.ts";
import { loadOptions } from "../../../src/load/options.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";
import { oipServer, sayJson } from "./oip-server.ts";

const QUICK = { duration: "300ms", warmUp: "50ms" };

function load(url: string, options: object = {}, signal?: AbortSignal): Promise<LoadReport> {
  const read = loadOptions.parse({ url, ...QUICK, ...options });
  return runLoad(read, { token: undefined, ...(signal && { signal }) });
}

function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: DingError) => error.code,
  );
}

test("runLoad() keeps as many requests under way as there are clients, level by level", async () => {
  await using server = await oipServer();
  server.answer = (response) => setTimeout(() => sayJson(response, {}), 5);
  const asked = { concurrency: "1:4", duration: "600ms" };
  const { levels, model, rows, isInterrupted } = await load(server.url, asked);
  expect({ model, rows, isInterrupted }).toEqual({ model: "m", rows: 1, isInterrupted: false });
  expect(levels.map(({ level }) => level)).toEqual([1, 2, 4]);
  expect(server.peak).toBeLessThanOrEqual(5); // with a reading of the statistics
  for (const { level, requestsPerSecond, latencyMs, failed, statuses } of levels) {
    expect(failed).toBe(0);
    expect(requestsPerSecond).toBeGreaterThan(0);
    expect(requestsPerSecond).toBeLessThan(level * 210);
    expect(latencyMs.min).toBeGreaterThan(4);
    expect(latencyMs.p50).toBeLessThanOrEqual(latencyMs.p99);
    expect(Object.keys(statuses)).toEqual(["200"]);
  }
});

test("runLoad() lets each client ask again as soon as it has its answer, and tells what that cost here", async () => {
  await using server = await oipServer();
  const { levels } = await load(server.url, { concurrency: "2", duration: "500ms" });
  const [level] = levels;
  // With the rest that a client takes behind a failure they would be 20.
  expect(level?.requests).toBeGreaterThan(60);
  expect(level?.generatorCpu).toBeGreaterThan(0);
  expect(level?.generatorCpu).toBeLessThan(availableParallelism() + 1);
});

test("runLoad() tells the server's part and the batches it made", async () => {
  await using server = await oipServer();
  const { levels } = await load(server.url, { concurrency: "2" });
  expect(levels[0]?.server).toEqual({ queueMs: 1, computeMs: 3, batchRows: 2 });
});

test("runLoad() with a rate sends by a schedule, whatever the answers do", async () => {
  await using server = await oipServer();
  const rate = { rate: "200", distribution: "constant", duration: "500ms" };
  for (const status of [200, 503]) {
    server.answer = (response) => sayJson(response, {}, status);
    const [seen, startedMs] = [server.seen.length, performance.now()];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [level] = (await load(server.url, rate)).levels;
    const sent = server.seen.length - seen;
    // With those of the warm-up. Which of them the measure counts shifts where this process is held up.
    expect(sent).toBeGreaterThanOrEqual(110);
    expect(sent).toBeLessThanOrEqual((performance.now() - startedMs) / 5 + 2);
    expect(level?.mode).toBe("rate");
    expect(level?.requests).toBeGreaterThan(0);
    expect(level?.requests).toBeLessThan(sent);
    expect(level?.failed).toBe(status === 200 ? 0 : level?.requests);
    expect(level?.lagP99Ms).toBeGreaterThanOrEqual(0);
  }
});

test("runLoad() with a rate counts the time of those that had to wait for a connection", async () => {
  await using server = await oipServer();
  // A server that stands still once: a client that waits for its answer would hear of it once.
  let held = false;
  server.answer = (response, { path }) => {
    const isFirst = !held && server.seen.length > 30 && path.endsWith("/infer");
    held ||= isFirst;
    setTimeout(() => sayJson(response, {}), isFirst ? 300 : 0);
  };
  const { levels } = await load(server.url, {
    rate: "200",
    distribution: "constant",
    connections: 1,
    warmUp: "50ms",
    duration: "600ms",
  });
  // 120, less those that this process sent late, after the measure's end: without those that waited they would be 60.
  expect(levels[0]?.requests).toBeGreaterThan(80);
  expect(levels[0]?.latencyMs.max).toBeGreaterThan(250);
  // 300 ms × 200/s were due meanwhile: half of all waited.
  expect(levels[0]?.latencyMs.p90).toBeGreaterThan(150);
});

test("runLoad() counts what never got a turn or an answer", async () => {
  await using server = await oipServer();
  let isSilent = false;
  server.answer = (response) => {
    if (!isSilent) sayJson(response, {});
    isSilent = true; // after the trial
  };
  const options = { rate: "50", connections: 2, timeoutMs: 100_000, distribution: "constant" };
  const { levels } = await load(server.url, options);
  expect(levels[0]?.requestsPerSecond).toBe(0);
  expect(levels[0]?.failures["unanswered"]).toBeGreaterThanOrEqual(14);
  expect(levels[0]?.latencyMs.max).toBeGreaterThan(1_000);
  expect(levels[0]?.isStable).toBe(false);
}, 20_000);

test("runLoad() counts answers by status, and keeps what the first refusal says", async () => {
  await using server = await oipServer();
  let count = 0;
  server.answer = (response) => {
    const isRefused = ++count % 2 === 0;
    sayJson(response, isRefused ? { error: "full" } : {}, isRefused ? 429 : 200);
  };
  const { levels } = await load(server.url, { concurrency: "2" });
  const { statuses, refusals, failed, requests } = levels[0] ?? {};
  expect(Object.keys(statuses ?? {})).toEqual(["200", "429"]);
  expect(failed).toBe(statuses?.["429"]);
  expect(requests).toBe((statuses?.["200"] ?? 0) + (statuses?.["429"] ?? 0));
  expect(refusals?.["429"]).toBe('{"error":"full"}');
});

test("runLoad() sends tensors as JSON or binary, with the token", async () => {
  await using server = await oipServer();
  const options = loadOptions.parse({ url: server.url, ...QUICK, concurrency: "1", batch: 3 });
  await runLoad(options, { token: "secret" });
  const [json] = server.seen;
  expect(json?.path).toBe("/v2/models/m/infer");
  expect(json?.headers.authorization).toBe("Bearer secret");
  expect(JSON.parse(json?.body.toString() ?? "").inputs[0].shape).toEqual([3, 4]);
  server.seen.length = 0;
  const { bodyBytes } = await runLoad({ ...options, format: "binary" }, { token: undefined });
  const [first, last] = [server.seen[0], server.seen.at(-1)];
  expect(first?.body.length).toBe(bodyBytes);
  expect(last?.headers["inference-header-content-length"]).toBe(String(bodyBytes - 48));
  expect(last?.headers.authorization).toBeUndefined();
});

test("runLoad() posts a file to a route that the address names", async () => {
  await using server = await oipServer();
  await using folder = await tempFolder();
  const data = await folder.write("body.json", '{"a": 1}');
  const { model } = await load(`${server.url}/encode_json?x=1`, { data, concurrency: "1" });
  expect(model).toBeUndefined();
  expect(server.seen.at(-1)?.path).toBe("/encode_json?x=1");
  expect(server.seen.at(-1)?.body.toString()).toBe('{"a": 1}');
  expect(server.seen.at(-1)?.headers["content-type"]).toBe("application/json");
});

test("runLoad() says at once what would fail every time", async () => {
  await using server = await oipServer(["m", "n"]);
  expect(await codeOf(load(server.url))).toBe("usage.invalid-option");
  expect(load(server.url)).rejects.toThrow("the server has the models m, n");
  expect(await codeOf(load(server.url, { model: "z" }))).toBe("http.not-found");
  expect(await codeOf(load(`${server.url}/encode_json`))).toBe("usage.invalid-option");
  expect(await codeOf(load(server.url, { model: "m", rate: "none", concurrency: "1" }))).toBe(
    "usage.invalid-option",
  );
  expect(load(server.url, { model: "m", tlsCert: "cert.pem" })).rejects.toThrow("needs --tls-key");
  server.answer = (response) => sayJson(response, { error: "wrong shape" }, 400);
  expect(load(server.url, { model: "m" })).rejects.toThrow("the server says 400, wrong shape");
  await server[Symbol.asyncDispose]();
  expect(await codeOf(load(server.url, { model: "m" }))).toBe("network.refused");
});

test.each([
  [{ error: "", message: "wrong shape" }, "wrong shape"],
  [{ error: { code: 7 }, error_message: "wrong kind" }, "wrong kind"],
  [{ why: "none" }, '{"why":"none"}'],
])("runLoad() says why a server refuses with %j", async (body, why) => {
  await using server = await oipServer();
  server.answer = (response) => sayJson(response, body, 400);
  expect(load(server.url, { model: "m" })).rejects.toThrow(`the server says 400, ${why}`);
});

test("runLoad() ends early when asked, with the levels that are whole", async () => {
  await using server = await oipServer();
  const stop = new AbortController();
  const options = loadOptions.parse({ url: server.url, ...QUICK, concurrency: "1,1,1,1" });
  const tools = { token: undefined, signal: stop.signal, onLevel: () => stop.abort() };
  const { levels, isInterrupted } = await runLoad(options, tools);
  expect(levels.length).toBe(1);
  expect(isInterrupted).toBe(true);
  const before = server.seen.length;
  await until(() => server.seen.length <= before + 1);
});
