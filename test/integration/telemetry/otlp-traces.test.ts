import { expect, test } from "bun:test";
import { OtlpTraces } from "../../../src/telemetry/otlp-traces.ts";
import type { SpanFacts } from "../../../src/telemetry/span-facts.ts";
import { Collector } from "../../support/collector.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
/** OpenTelemetry takes a small number for a time since this process began. */
const BEGUN_MS = 1_700_000_000_000;
const PARENT = `00-${TRACE}-${SPAN}-01`;

function span(changes: Partial<SpanFacts> = {}): SpanFacts {
  const own = { name: "work", kind: "server", startMs: BEGUN_MS, endMs: BEGUN_MS + 250.5 } as const;
  return { ...own, attributes: { size: 3, name: "x", nothing: undefined }, ...changes };
}

interface Warning {
  message: string;
  fields: Record<string, unknown> | undefined;
}

function open(url: string, warnings: Warning[] = []) {
  const clock = new FakeClock();
  const log = {
    debug() {},
    info() {},
    warn: (message: string, fields?: Record<string, unknown>) => warnings.push({ message, fields }),
    error() {},
  };
  const source = { service: "test", version: "1.2", boot: "b1" };
  const traces = new OtlpTraces<SpanFacts>({
    url,
    ...source,
    spanOf: (facts) => facts,
    log,
    clock,
  });
  return { traces, clock };
}

test("flush() sends spans with their children, in the trace of who called", async () => {
  await using collector = new Collector();
  const { traces } = open(collector.url);
  await using _ = traces;
  const part = span({ name: "part", kind: "internal" });
  traces.add(span({ traceparent: PARENT, children: [part] }));
  await traces.flush();
  expect(collector.paths).toEqual(["/v1/traces"]);
  const whole = collector.spans.find(({ name }) => name === "work");
  const child = collector.spans.find(({ name }) => name === "part");
  expect(whole).toMatchObject({
    traceId: TRACE,
    parentSpanId: SPAN,
    kind: 2,
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000250500000",
    attributes: { size: 3, name: "x" },
    resource: { "service.name": "test", "service.version": "1.2", "service.instance.id": "b1" },
  });
  expect(whole?.attributes).not.toHaveProperty("nothing");
  expect(child).toMatchObject({ traceId: TRACE, parentSpanId: whole?.spanId, kind: 1 });
  expect(traces.counts).toEqual({ sent: 1, dropped: 0, failed: 0 });
});

test("flush() begins a trace where nobody called, or nobody can be read", async () => {
  await using collector = new Collector();
  const { traces } = open(collector.url);
  await using _ = traces;
  traces.add(span());
  traces.add(span({ traceparent: "nonsense" }));
  await traces.flush();
  const [first, second] = collector.spans;
  expect(first?.parentSpanId).toBeFalsy();
  expect(second?.parentSpanId).toBeFalsy();
  expect(first?.traceId).not.toBe(second?.traceId);
});

test("flush() leaves out what its caller does not sample, and tells what failed", async () => {
  await using collector = new Collector();
  const { traces } = open(collector.url);
  await using _ = traces;
  traces.add(span({ traceparent: `00-${TRACE}-${SPAN}-00` }));
  traces.add(span({ error: { type: "queue.full", message: "Cannot queue" } }));
  await traces.flush();
  expect(collector.spans).toHaveLength(1);
  expect(collector.spans[0]).toMatchObject({
    status: { code: 2, message: "Cannot queue" },
    attributes: { "error.type": "queue.full" },
  });
});

test("add() sends by itself within a second; what finds no room is dropped and counted", async () => {
  await using collector = new Collector();
  const { traces, clock } = open(collector.url);
  await using _ = traces;
  const gate = Promise.withResolvers<void>();
  collector.gate = gate.promise;
  for (let item = 0; item < 2_000; item++) traces.add(span());
  expect(traces.counts.dropped).toBe(2_000 - 1_024);
  clock.advance(1_000);
  await until(() => collector.paths.length === 1, { what: "the first part" });
  // A collector that takes its time holds up nobody: there is room again for what comes.
  traces.add(span());
  expect(traces.counts.dropped).toBe(2_000 - 1_024);
  gate.resolve();
  await traces.flush();
  expect(traces.counts).toEqual({ sent: 1_025, dropped: 976, failed: 0 });
  expect(collector.spans).toHaveLength(1_025);
});

test("a collector that is down costs one warning a minute, and is tried again", async () => {
  const port = await freePort();
  const warnings: Warning[] = [];
  const { traces, clock } = open(`http://127.0.0.1:${port}`, warnings);
  await using _ = traces;
  for (let failure = 0; failure < 2; failure++) {
    traces.add(span());
    await traces.flush();
  }
  expect(traces.counts.failed).toBe(2);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]?.message).toStartWith(`Cannot send traces to http://127.0.0.1:${port}/v1/`);
  clock.advance(60_000);
  traces.add(span());
  await traces.flush();
  expect(warnings).toHaveLength(2);
  await using collector = new Collector({ port });
  traces.add(span());
  await traces.flush();
  expect(collector.spans).toHaveLength(1);
  expect(traces.counts.sent).toBe(1);
}, 30_000);

test("a collector that refuses is a failure, told with its status", async () => {
  await using collector = new Collector();
  collector.status = 400;
  const warnings: Warning[] = [];
  const { traces } = open(collector.url, warnings);
  await using _ = traces;
  traces.add(span());
  await traces.flush();
  expect(traces.counts.failed).toBe(1);
  expect(warnings).toHaveLength(1);
});

test("flush() says how long its body is: there are collectors that read no other", async () => {
  await using collector = new Collector();
  const { traces } = open(collector.url.replace("//", "//some%20body:secret@"));
  await using _ = traces;
  traces.add(span());
  await traces.flush();
  const [headers] = collector.headers;
  expect(headers?.get("transfer-encoding")).toBeNull();
  expect(Number(headers?.get("content-length"))).toBeGreaterThan(100);
  expect(headers?.get("content-type")).toBe("application/json");
  expect(atob(headers?.get("authorization")?.slice("Basic ".length) ?? "")).toBe(
    "some body:secret",
  );
});

test("flush() asks again a collector that is busy for a moment", async () => {
  await using collector = new Collector();
  collector.status = 503;
  const { traces } = open(collector.url);
  await using _ = traces;
  traces.add(span());
  const flushed = traces.flush();
  await until(() => collector.paths.length === 1, { what: "the first try" });
  collector.status = 200;
  await flushed;
  expect(traces.counts).toEqual({ sent: 1, dropped: 0, failed: 0 });
});

test("dispose sends what is left", async () => {
  await using collector = new Collector();
  const { traces, clock } = open(collector.url);
  traces.add(span());
  await traces[Symbol.asyncDispose]();
  expect(collector.spans).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test("dispose does not wait long for a collector that does not answer", async () => {
  await using collector = new Collector();
  const gate = Promise.withResolvers<void>();
  collector.gate = gate.promise;
  const warnings: Warning[] = [];
  const { traces } = open(collector.url, warnings);
  traces.add(span());
  await traces[Symbol.asyncDispose]();
  gate.resolve();
  expect(warnings).toHaveLength(1);
  expect(traces.counts.sent).toBe(0);
}, 30_000);

test("new OtlpTraces() refuses what is no URL", () => {
  expect(() => open("collector:4317")).toThrow('Cannot send traces to "collector:4317": not a URL');
});
