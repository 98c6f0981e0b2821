import { expect, test } from "bun:test";
import { slaveMetrics } from "../../../src/slave/metrics.ts";
import { statusOf, type SlaveStatus } from "../../../src/slave/status.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const facts = {
  name: "n1",
  plugin: "./my.ts",
  version: "0.1.0",
  channel: 1,
  mode: "refuse",
  concurrency: 1,
  queueLimit: 10,
  pid: process.pid,
} as const;

/** Of a slave that runs since 2 s, with a worker that runs since 1 s. */
function status(): SlaveStatus {
  const clock = new FakeClock(5_000);
  const worker = { id: "w0", pid: process.pid, state: "idle", tasks: 3, startedAt: 4_000 } as const;
  return statusOf({
    facts,
    state: "running",
    isReady: true,
    boot: "b",
    startedAt: 3_000,
    clock,
    tasks: undefined,
    executor: { workers: [worker] } as never,
    master: undefined,
  });
}

test("statusOf() tells how long the slave and its workers run, and no moment of its own clock", () => {
  const { uptimeMs, workers } = status();
  expect(uptimeMs).toBe(2_000);
  expect(workers).toEqual([
    {
      id: "w0",
      pid: process.pid,
      state: "idle",
      tasks: 3,
      uptimeMs: 1_000,
      rssBytes: expect.any(Number),
    },
  ]);
});

test("slaveMetrics() calls a counter what only grows, and everything else a gauge", () => {
  const types = slaveMetrics(status)
    .text()
    .split("\n")
    .filter((line) => line.startsWith("# TYPE"))
    .map((line) => line.split(" ").slice(2));
  for (const [name = "", type] of types) {
    expect([name, type]).toEqual([name, name.endsWith("_total") ? "counter" : "gauge"]);
  }
});
