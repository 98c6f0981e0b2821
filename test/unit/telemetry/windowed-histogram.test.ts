import { expect, test } from "bun:test";
import { WindowedHistogram } from "../../../src/telemetry/windowed-histogram.ts";

test("window() holds what came in the last slots, the fresh among them", () => {
  const spread = new WindowedHistogram({ slots: 3, turns: 2 });
  spread.record(1);
  expect(spread.window().count).toBe(1);
  for (let turn = 0; turn < 5; turn++) {
    spread.turn();
    expect(spread.window().count).toBe(1);
  }
  spread.turn(); // the first slot is taken for new things
  expect(spread.window().count).toBe(0);
});

test("fresh is what came since the last turn", () => {
  const spread = new WindowedHistogram();
  spread.record(1);
  spread.record(2);
  expect(spread.fresh.count).toBe(2);
  spread.turn();
  expect(spread.fresh.count).toBe(0);
  expect(spread.window().count).toBe(2);
});

test("window() without options is of a minute, if turned every second", () => {
  const spread = new WindowedHistogram();
  spread.record(1);
  for (let second = 0; second < 59; second++) spread.turn();
  expect(spread.window().count).toBe(1);
  spread.turn();
  expect(spread.window().count).toBe(0);
});

test("window() is of all when nobody turns it", () => {
  const spread = new WindowedHistogram();
  for (let value = 0; value < 10_000; value++) spread.record(value);
  expect(spread.window().count).toBe(10_000);
  expect(spread.window().count).toBe(10_000);
});
