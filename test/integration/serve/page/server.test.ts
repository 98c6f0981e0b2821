import { expect, test } from "bun:test";
import { join } from "node:path";
import type { DashboardFeed } from "../../../../src/dashboard/dashboard.ts";
import type { Server } from "../../../../src/serve/server.ts";
import { Collector } from "../../../support/collector.ts";
import { openApiFaults } from "../../../support/openapi-faults.ts";
import { startServer } from "../../../support/serve.ts";
import { until } from "../../../support/until.ts";

const SUM = join(import.meta.dir, "fixtures/sum.ts");
const MODEL = '{model="sum",version="1"}';

function inferBody(data: number[], id?: string): string {
  return JSON.stringify({ id, inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data }] });
}

async function infer(server: Server, data: number[], headers = {}): Promise<number> {
  const answer = await fetch(`${server.url}/v2/models/sum/infer`, {
    method: "POST",
    headers,
    body: inferBody(data, "q1"),
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function metric(server: Server, line: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const found = text.split("\n").find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1));
}

async function feedOf(server: Server): Promise<DashboardFeed> {
  return (await (await fetch(`${server.url}/dashboard/feed`)).json()) as DashboardFeed;
}

test("what was answered and what failed is told alike by /metrics, …/stats and the dashboard", async () => {
  await using server = await startServer({ plugin: SUM, workers: 2, batchSize: 4 });
  const statuses = await Promise.all([
    ...Array.from({ length: 30 }, (_, index) => infer(server, [index, 1])),
    infer(server, [-1, 0]),
  ]);
  expect(statuses.filter((status) => status === 200)).toHaveLength(30);
  expect(await metric(server, `nv_inference_request_success${MODEL}`)).toBe(30);
  expect(await metric(server, `nv_inference_count${MODEL}`)).toBe(30);
  const backend = 'nv_inference_request_failure{model="sum",version="1",reason="BACKEND"}';
  expect(await metric(server, backend)).toBe(1);
  expect(await metric(server, `nv_inference_pending_request_count${MODEL}`)).toBe(0);
  const batches = await metric(server, `nv_inference_exec_count${MODEL}`);
  expect(batches).toBeGreaterThanOrEqual(8);
  expect(await metric(server, `ding_serve_batch_rows_count${MODEL}`)).toBe(batches);
  const { model_stats: stats } = (await (
    await fetch(`${server.url}/v2/models/sum/stats`)
  ).json()) as { model_stats: Record<string, never>[] };
  expect(stats[0]).toMatchObject({
    name: "sum",
    inference_count: 30,
    execution_count: batches,
    inference_stats: { success: { count: 30 }, fail: { count: 1 } },
  });
  const fed = await feedOf(server);
  expect(fed.values).toMatchObject({ answered: 30, failed: 1, open: 0, workers: "2 of 2" });
  expect(fed.bars["batches"]?.reduce((sum, { value }) => sum + value, 0)).toBe(batches);
  const rows = fed.tables["workers"]?.map((worker) => worker["batches"] as number) ?? [];
  expect(rows.reduce((sum, count) => sum + count, 0)).toBe(batches);
  expect(fed.tables["recorded"]?.[0]).toMatchObject({ key: "sum", min: 1, max: 30 });
});

test("the dashboard's past begins with the server", async () => {
  await using server = await startServer({ plugin: SUM });
  const fed = await until(
    async () => {
      const now = await feedOf(server);
      return now.history.atMs.length >= 2 ? now : undefined;
    },
    { what: "two steps", timeoutMs: 15_000 },
  );
  expect(fed.history.atMs[0]).toBeGreaterThan(fed.startedMs);
  expect(fed.events.map(({ text }) => text)).toContain("Ready for requests");
});

test("every route that /openapi.json tells of is there, and its examples are answered", async () => {
  await using server = await startServer({ plugin: SUM });
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: Record<
      string,
      Record<string, { requestBody?: { content: Record<string, { example?: unknown }> } }>
    >;
  };
  expect(openApiFaults(document)).toEqual([]);
  const own = Object.keys(document.paths).filter((path) => path.includes("/sum/"));
  expect(own).toEqual(["/models/sum/versions/1/predict", "/v2/models/sum/versions/1/infer"]);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      if (path.includes("/repository/models/")) continue; // the model is needed
      const url = `${server.url}${path.replace(/\{(model|name)\}/, "sum").replace("{version}", "1")}`;
      const example = requestBody?.content["application/json"]?.example;
      const answer = await fetch(url, {
        method: method.toUpperCase(),
        redirect: "manual",
        ...(requestBody ? { body: JSON.stringify(example ?? {}) } : {}),
      });
      const text = await answer.text();
      expect(`${method} ${path}: ${text}`).not.toContain("no such route");
      if (own.includes(path)) expect([path, answer.status]).toEqual([path, 200]);
    }
  }
});

test("with a token the pages are shown to everybody, what is in them only with it", async () => {
  const token = "a-token-of-the-test";
  await using server = await startServer({ plugin: SUM, token });
  const status = async (path: string, headers = {}): Promise<number> =>
    (await fetch(`${server.url}${path}`, { headers })).status;
  expect(await Promise.all(["/dashboard", "/docs"].map((path) => status(path)))).toEqual([
    200, 200,
  ]);
  for (const path of ["/dashboard/feed", "/openapi.json", "/metrics"]) {
    expect([path, await status(path)]).toEqual([path, 401]);
    expect([path, await status(path, { Authorization: `Bearer ${token}` })]).toEqual([path, 200]);
  }
});

test("--otlp sends a trace of each request, in the trace of who asked", async () => {
  await using collector = new Collector();
  await using server = await startServer({ plugin: SUM, otlp: collector.url });
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  await infer(server, [1, 2], { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  await infer(server, [-1, 2]);
  await server.close(); // what is left goes out
  const [answered, failed] = collector.spans.filter(({ name }) => name === "infer sum");
  expect(answered).toMatchObject({
    traceId,
    parentSpanId: "00f067aa0ba902b7",
    attributes: {
      "ding.model": "sum",
      "ding.request.id": "q1",
      "ding.batch.size": 1,
      "ding.status": "OK",
    },
    resource: { "service.name": "ding-serve" },
  });
  const parts = collector.spans.filter(({ parentSpanId }) => parentSpanId === answered?.spanId);
  expect(parts.map(({ name }) => name)).toEqual(["queue", "compute"]);
  expect(parts[1]?.attributes["ding.worker"]).toStartWith("w");
  expect(failed).toMatchObject({
    status: { code: 2 },
    attributes: { "ding.status": "task.failed" },
  });
});

test("a collector that is down slows no request, and the server ends as soon", async () => {
  await using server = await startServer({ plugin: SUM, otlp: "http://127.0.0.1:9" });
  const statuses = await Promise.all(Array.from({ length: 20 }, () => infer(server, [1, 2])));
  expect(new Set(statuses)).toEqual(new Set([200]));
  const failed = 'ding_traces_total{outcome="failed"}';
  await until(async () => (await metric(server, failed)) === 20, {
    what: "the failures to be counted",
    timeoutMs: 15_000,
  });
});
