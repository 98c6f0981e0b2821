import { expect, test } from "bun:test";
import type { DashboardFeed, Panel } from "../../../../src/dashboard/dashboard.ts";
import { SERVE_PANELS } from "../../../../src/serve/page/panels.ts";
import { ServePage } from "../../../../src/serve/page/serve-page.ts";
import type { ServerFacts } from "../../../../src/serve/page/server-facts.ts";
import { answerOne, modelFacts, served, serverFacts, statisticsOnClock } from "./facts.ts";

const ALL = { sinceMs: undefined, scope: "" };

function open(facts: () => ServerFacts = () => serverFacts()) {
  const on = statisticsOnClock();
  on.statistics.model("sum", "1");
  const page = new ServePage({ statistics: on.statistics, facts, boot: "b" });
  return { ...on, page, [Symbol.dispose]: () => page[Symbol.dispose]() };
}

function column({ history }: DashboardFeed, name: string): unknown[] {
  return history.values[history.columns.indexOf(name)] ?? [];
}

test("feed() tells the past in steps of a second, and since a moment only what is new", () => {
  using on = open();
  for (let second = 0; second < 5; second++) {
    for (let request = 0; request < 10; request++) {
      answerOne(on, { queueMs: 10, computeMs: 40, restMs: 0 });
    }
    on.clock.advance(500);
  }
  const fed = on.page.feed(ALL);
  expect(column(fed, "answered")).toEqual([10, 10, 10, 10, 10]);
  expect(column(fed, "latency.p50")).toEqual([50, 50, 50, 50, 50]);
  expect(fed.values).toMatchObject({ rate: 10, answered: 50, failed: 0, p99: 50, open: 0 });
  const third = fed.history.atMs[2] as number;
  expect(on.page.feed({ sinceMs: third, scope: "" }).history.atMs).toHaveLength(2);
  expect(fed.nowMs - fed.startedMs).toBe(5_000);
});

test("feed() can be of one model; of one that is gone it is of all", () => {
  const two = serverFacts({ models: [served(), served({ facts: modelFacts({ name: "b" }) })] });
  using on = open(() => two);
  on.statistics.model("b", "1");
  answerOne(on, { name: "b" });
  answerOne(on, { name: "sum" });
  answerOne(on, { name: "sum" });
  on.clock.advance(1_000);
  const ids = on.page.feed(ALL).scopes.map(({ id }) => id);
  expect(ids).toEqual(["", "sum@1", "b@1"]);
  const answered = ["", "sum@1", "b@1", "gone@1"].map(
    (scope) => on.page.feed({ sinceMs: undefined, scope }).values["answered"],
  );
  expect(answered).toEqual([3, 2, 1, 3]);
  expect(on.page.feed({ sinceMs: undefined, scope: "b@1" }).tables["models"]).toHaveLength(1);
});

test("feed() tells batches by size, in ranges where there are many", () => {
  using on = open();
  const model = on.statistics.model("sum", "1");
  model.onBatch({ worker: "w0", rows: 2, ms: 1 });
  model.onBatch({ worker: "w0", rows: 8, ms: 1 });
  expect(on.page.feed(ALL).bars["batches"]).toEqual([
    { label: "2", value: 1 },
    { label: "8", value: 1 },
  ]);
  for (let rows = 1; rows <= 40; rows++) model.onBatch({ worker: "w0", rows, ms: 1 });
  const labels = on.page.feed(ALL).bars["batches"]?.map(({ label }) => label);
  expect(labels).toEqual(["1", "2", "3–4", "5–8", "9–16", "17–32", "33–64"]);
});

test("feed() tells how busy a worker is", () => {
  using on = open();
  const model = on.statistics.model("sum", "1");
  model.onBatch({ worker: "w0", rows: 1, ms: 0 });
  on.clock.advance(1_000);
  for (let second = 0; second < 6; second++) {
    model.onBatch({ worker: "w0", rows: 1, ms: 250 });
    on.clock.advance(1_000);
  }
  const [worker] = on.page.feed(ALL).tables["workers"] ?? [];
  expect(worker).toMatchObject({ worker: "w0", batches: 7, rows: 7, busy: 0.25, device: "cpu" });
});

test("feed() of a server without models has nothing to show, and no fault", () => {
  const none = serverFacts({ state: "starting", ready: false, models: [] });
  using on = open(() => none);
  on.clock.advance(2_000);
  const fed = on.page.feed(ALL);
  expect(fed.state).toBe("starting");
  expect(fed.values).toMatchObject({ p50: null, batch: null, answered: 0, workers: "0 of 0" });
  expect(JSON.parse(JSON.stringify(fed))).toEqual(fed as never);
});

test("SERVE_PANELS name only what feed() tells", () => {
  using on = open();
  on.statistics.model("sum", "1").onStatistic({ loss: 1 });
  on.clock.advance(1_000);
  const fed = on.page.feed(ALL);
  const missing = (panel: Panel): string[] => {
    switch (panel.kind) {
      case "tiles":
        return panel.tiles.map(({ key }) => key).filter((key) => !(key in fed.values));
      case "lines":
        return panel.series
          .map((series) => series.column)
          .filter((name) => !fed.history.columns.includes(name));
      case "bars":
        return panel.key in fed.bars ? [] : [panel.key];
      case "table": {
        const [row] = fed.tables[panel.key] ?? [];
        return row
          ? panel.columns.map(({ key }) => key).filter((key) => !(key in row))
          : [panel.key];
      }
      case "events":
        return [];
    }
  };
  expect(SERVE_PANELS.flatMap(missing)).toEqual([]);
});

test("dispose ends the looking", () => {
  const on = open();
  on[Symbol.dispose]();
  expect(on.clock.pending).toBe(0);
});
