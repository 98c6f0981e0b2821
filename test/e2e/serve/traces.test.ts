import { expect, test } from "bun:test";
import { Collector } from "../../support/collector.ts";
import { ding } from "../../support/ding.ts";
import { modelFixture, predict, startServe } from "../../support/serve.ts";
import { until } from "../../support/until.ts";

const MODEL = modelFixture("jobs.ts");

test("--otlp sends a trace of each request, the last ones as the server ends", async () => {
  await using collector = new Collector();
  const url = collector.url.replace("//", "//somebody:a-secret@");
  const env = { OTEL_SERVICE_NAME: "a name of ours" };
  await using server = await startServe([MODEL, "--otlp", url, "--log-level=debug"], { env });
  for (let count = 0; count < 5; count++) await predict(server.url, { echo: count });
  expect((await predict(server.url, { throw: "no" })).status).toBe(500);
  const { code, stdout, stderr } = await server.stop();
  expect(code).toBe(0);
  const requests = collector.spans.filter(({ parentSpanId }) => !parentSpanId);
  expect(requests).toHaveLength(6);
  expect(requests.map(({ resource }) => resource["service.name"])).toEqual(
    requests.map(() => "a name of ours"),
  );
  expect(new Set(requests.map(({ traceId }) => traceId)).size).toBe(6);
  expect(requests.map(({ attributes }) => attributes["ding.model"])).toEqual(
    Array.from({ length: 6 }, () => "jobs"),
  );
  expect(requests.filter(({ status }) => status.code === 2)).toHaveLength(1);
  expect(collector.spans.filter(({ name }) => name === "compute").length).toBeGreaterThan(4);
  expect(new Set(collector.paths)).toEqual(new Set(["/v1/traces"]));
  expect(stdout + stderr).not.toContain("a-secret");
});

test("a collector that hangs holds up neither requests nor the end of the server", async () => {
  await using collector = new Collector();
  const never = Promise.withResolvers<void>();
  collector.gate = never.promise;
  await using server = await startServe([MODEL, "--otlp", collector.url]);
  expect((await predict(server.url, { echo: 1 })).body).toEqual({ output: 1 });
  await until(() => collector.paths.length > 0, { timeoutMs: 20_000, what: "the first traces" });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, echo) => predict(server.url, { echo })),
  );
  expect(answers.map(({ body }) => body["output"])).toEqual(Array.from(answers.keys()));
  const { code, stderr } = await server.stop("SIGTERM", 20_000);
  expect([code, stderr]).toEqual([0, expect.stringContaining("Cannot send traces")]);
  never.resolve();
});

test("a collector that is no URL is refused with 2, without its password", async () => {
  for (const url of ["nowhere", "ftp://somebody:a-secret@host", "user:a-secret@host", "http://"]) {
    const args = ["serve", MODEL, "--port", "0", "--otlp", url];
    const { code, stderr } = await ding(args, { runtime: "binary" });
    expect([url, code]).toEqual([url, 2]);
    expect(stderr).toStartWith("ding: Cannot ");
    expect(stderr).not.toContain("a-secret");
  }
});
