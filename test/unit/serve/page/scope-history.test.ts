import { expect, test } from "bun:test";
import { ScopeHistory, type ScopeGauges } from "../../../../src/serve/page/scope-history.ts";
import { statisticsOnClock } from "./facts.ts";

const IDLE: ScopeGauges = { queue: 0, open: 0, workers: 2, streams: false, busy: 0 };

test("now() is the mean of the last five steps: rates a second, rows of a batch, and the busy part of the workers", () => {
  const models = [statisticsOnClock().statistics.model("sum", "1")];
  const history = new ScopeHistory();
  let atMs = 0;
  const step = (batches: readonly number[], ms = 500): void => {
    for (const rows of batches) models[0]?.onBatch({ worker: "w0", rows, ms: 250 });
    history.step(models, { atMs: (atMs += ms), ms, gauges: IDLE });
  };
  expect(history.now()).toEqual({ rate: 0, failures: 0, rows: 0, batch: null, busy: 0 });
  step([100]); // it will be forgotten
  for (const batches of [[4], [], [8, 6], [], []]) step(batches);
  expect(history.now().batch).toBe(6);
  expect(history.now().busy).toBeCloseTo((0.25 + 0.5) / 5, 9);
});

test("step() takes streams as they look right now, where their batches took no time yet", () => {
  const history = new ScopeHistory();
  const step = { atMs: 1, ms: 1_000 };
  history.step([], { ...step, gauges: { ...IDLE, busy: 1, streams: true } });
  expect(history.now().busy).toBe(0.5);
  history.step([], { ...step, gauges: { ...IDLE, busy: 1 } });
  expect(history.now().busy).toBe(0.25);
  history.step([], { ...step, gauges: { ...IDLE, workers: 0, busy: 1, streams: true } });
  expect(history.now().busy).toBeCloseTo(0.5 / 3, 9);
});
