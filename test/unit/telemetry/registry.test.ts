import { expect, test } from "bun:test";
import { LogHistogram } from "../../../src/telemetry/log-histogram.ts";
import { Registry } from "../../../src/telemetry/registry.ts";

const TABLE: Record<string, { make: (registry: Registry) => void; text: string[] }> = {
  "a counter": {
    make: (registry) => {
      const counter = registry.counter("ding_tasks_total", "Tasks taken");
      counter.add();
      counter.add(2);
    },
    text: [
      "# HELP ding_tasks_total Tasks taken",
      "# TYPE ding_tasks_total counter",
      "ding_tasks_total 3",
    ],
  },
  "a gauge": {
    make: (registry) => {
      const gauge = registry.gauge("ding_queue", "Tasks that wait");
      gauge.set(5);
      gauge.add(-1.5);
    },
    text: ["# HELP ding_queue Tasks that wait", "# TYPE ding_queue gauge", "ding_queue 3.5"],
  },
  "a gauge that is read": {
    make: (registry) => registry.read("ding_rss_bytes", "Memory", () => 1024),
    text: ["# HELP ding_rss_bytes Memory", "# TYPE ding_rss_bytes gauge", "ding_rss_bytes 1024"],
  },
  "a gauge that is read, with labels": {
    make: (registry) =>
      registry.read("up", "Workers", () => [
        [{ worker: 0 }, 1],
        [{ worker: 1 }, 0],
      ]),
    text: ["# HELP up Workers", "# TYPE up gauge", 'up{worker="0"} 1', 'up{worker="1"} 0'],
  },
  labels: {
    make: (registry) => {
      const ended = registry.counters("ended_total", "By status");
      ended.with({ status: "COMPLETED", slave: "a" }).add();
      ended.with({ slave: "a", status: "COMPLETED" }).add();
      ended.with({ status: "FAILED", slave: "a" }).add();
      ended.with({ status: "LOST", slave: "a" }).add();
      ended.forget({ slave: "a", status: "LOST" });
    },
    text: [
      "# HELP ended_total By status",
      "# TYPE ended_total counter",
      'ended_total{status="COMPLETED",slave="a"} 2',
      'ended_total{status="FAILED",slave="a"} 1',
    ],
  },
  "a family without members": {
    make: (registry) => void registry.gauges("load", "Load"),
    text: ["# HELP load Load", "# TYPE load gauge"],
  },
  "text that must be escaped": {
    make: (registry) =>
      registry.gauges("paths", 'A "path" \\ on\nlines').with({ path: 'C:\\"x"\n' }).set(1),
    text: [
      '# HELP paths A "path" \\\\ on\\nlines',
      "# TYPE paths gauge",
      'paths{path="C:\\\\\\"x\\"\\n"} 1',
    ],
  },
  "numbers that are none": {
    make: (registry) =>
      registry.read("odd", "Odd", () => [
        [{ is: "nan" }, Number.NaN],
        [{ is: "up" }, Infinity],
        [{ is: "down" }, -Infinity],
        [{ is: "small" }, 1e-7],
      ]),
    text: [
      "# HELP odd Odd",
      "# TYPE odd gauge",
      'odd{is="nan"} NaN',
      'odd{is="up"} +Inf',
      'odd{is="down"} -Inf',
      'odd{is="small"} 1e-7',
    ],
  },
  "a histogram": {
    make: (registry) => {
      const seconds = registry.histogram("task_seconds", "Duration", [0.1, 1]);
      for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value);
    },
    text: [
      "# HELP task_seconds Duration",
      "# TYPE task_seconds histogram",
      'task_seconds_bucket{le="0.1"} 2',
      'task_seconds_bucket{le="1"} 3',
      'task_seconds_bucket{le="+Inf"} 4',
      "task_seconds_sum 7.65",
      "task_seconds_count 4",
    ],
  },
  "a total that is read": {
    make: (registry) => registry.readTotal("cpu_seconds_total", "CPU", () => 1.5),
    text: [
      "# HELP cpu_seconds_total CPU",
      "# TYPE cpu_seconds_total counter",
      "cpu_seconds_total 1.5",
    ],
  },
  "a summary in its unit, and one of nothing": {
    make: (registry) => {
      const window = new LogHistogram();
      window.record(2);
      const none = new LogHistogram();
      registry.readSummary("wait_us", "Wait", () => [
        { labels: { model: "m" }, window, scale: 1_000, sum: 9_000, count: 3 },
        { labels: { model: "n" }, window: none, scale: 1_000, sum: 0, count: 0 },
      ]);
    },
    text: [
      "# HELP wait_us Wait",
      "# TYPE wait_us summary",
      ...[0.5, 0.9, 0.95, 0.99, 0.999].map((part) => `wait_us{model="m",quantile="${part}"} 2000`),
      'wait_us_sum{model="m"} 9000',
      'wait_us_count{model="m"} 3',
      ...[0.5, 0.9, 0.95, 0.99, 0.999].map((part) => `wait_us{model="n",quantile="${part}"} NaN`),
      'wait_us_sum{model="n"} 0',
      'wait_us_count{model="n"} 0',
    ],
  },
  "a histogram that is counted elsewhere": {
    make: (registry) =>
      registry.readHistogram("rows", "Rows", () => [
        { suffix: "_bucket", labels: { le: "+Inf" }, value: 2 },
        { suffix: "_count", labels: {}, value: 2 },
      ]),
    text: ["# HELP rows Rows", "# TYPE rows histogram", 'rows_bucket{le="+Inf"} 2', "rows_count 2"],
  },
  "histograms by labels": {
    make: (registry) => registry.histograms("wait", "Wait", [1]).with({ queue: "q" }).observe(2),
    text: [
      "# HELP wait Wait",
      "# TYPE wait histogram",
      'wait_bucket{queue="q",le="1"} 0',
      'wait_bucket{queue="q",le="+Inf"} 1',
      'wait_sum{queue="q"} 2',
      'wait_count{queue="q"} 1',
    ],
  },
};

for (const [name, { make, text }] of Object.entries(TABLE)) {
  test(`text() tells ${name}`, () => {
    const registry = new Registry();
    make(registry);
    expect(registry.text()).toBe(`${text.join("\n")}\n`);
  });
}

test("text() tells several metrics in the order they were made", () => {
  const registry = new Registry();
  registry.gauge("b", "B").set(1);
  registry.counter("a_total", "A");
  expect(registry.text().match(/^\w+ \d$/gm)).toEqual(["b 1", "a_total 0"]);
  expect(new Registry().text()).toBe("");
});

test("counter() refuses a name twice, and one that is none", () => {
  const registry = new Registry();
  registry.counter("a_total", "A");
  expect(() => registry.gauge("a_total", "A")).toThrow("there is one of this name");
  expect(() => registry.gauge("a-b", "A")).toThrow("not a metric's name");
});
