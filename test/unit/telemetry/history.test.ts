import { expect, test } from "bun:test";
import { History } from "../../../src/telemetry/history.ts";
import { LogHistogram } from "../../../src/telemetry/log-histogram.ts";

const SHAPE = { counts: ["done"], gauges: ["queue"], spreads: ["took"] };
const COLUMNS = ["done", "queue", "took.p50", "took.p95", "took.p99"];

function spreadOf(...values: number[]): LogHistogram {
  const spread = new LogHistogram();
  for (const value of values) spread.record(value);
  return spread;
}

/** Steps 1 to `steps`, of a second: as many done as the step's number, queue likewise, each took as long. */
function fed(steps: number, ms = 1_000): History {
  const history = new History(SHAPE);
  for (let step = 1; step <= steps; step++) {
    history.push({
      atMs: step * ms,
      ms,
      counts: { done: step },
      gauges: { queue: step },
      spreads: { took: spreadOf(step) },
    });
  }
  return history;
}

test("read() gives columns of one length, the oldest first", () => {
  const { columns, atMs, values } = fed(3).read();
  expect(columns).toEqual(COLUMNS);
  expect(atMs).toEqual([1_000, 2_000, 3_000]);
  expect(values).toHaveLength(COLUMNS.length);
  expect(values[0]).toEqual([1, 2, 3]);
  expect(values[2]).toEqual([1, 2, 3]);
});

test("read() since a moment gives only what ended after it", () => {
  const history = fed(5);
  expect(history.read(3_000).atMs).toEqual([4_000, 5_000]);
  expect(history.read(5_000).atMs).toEqual([]);
  expect(history.read(9_000).atMs).toEqual([]);
});

test("read() gives seconds for five minutes, then ten of them for an hour, then minutes", () => {
  const { atMs, values } = fed(7_200).read();
  const steps = atMs.slice(1).map((at, index) => at - (atMs[index] as number));
  expect(steps.slice(-299).every((step) => step === 1_000)).toBe(true);
  expect(new Set(steps.slice(0, -300)).isSubsetOf(new Set([10_000, 60_000]))).toBe(true);
  expect(atMs.toSorted((a, b) => a - b)).toEqual(atMs);
  expect(atMs.at(-1)).toBe(7_200_000);
  expect(atMs.at(0)).toBe(60_000);
  // A minute's rate is its mean: seconds 1 to 60.
  expect(values[0]?.at(0)).toBe(30.5);
  expect(values[1]?.at(0)).toBe(30.5);
  // Its median is of all that were in it.
  expect(Math.abs((values[2]?.at(0) as number) - 30)).toBeLessThan(1);
});

test("read() keeps no more than its levels hold", () => {
  const { atMs } = fed(3_334, 60_000).read();
  expect(atMs.length).toBeLessThan(300 + 360 + 1_440 + 60);
  expect(atMs.at(0)).toBe(3_600_000);
});

test("push() of a long step is one row with its rate; steps a little off still make ten seconds", () => {
  const history = new History(SHAPE);
  const none = { gauges: { queue: 1 }, spreads: {} };
  history.push({ atMs: 4_000, ms: 4_000, counts: { done: 8 }, ...none });
  expect(history.read().values[0]).toEqual([2]);
  let atMs = 4_000;
  for (let step = 0; step < 310; step++) {
    atMs += 1_003;
    history.push({ atMs, ms: 1_003, counts: { done: 1_003 }, ...none });
  }
  const rates = history.read().values[0] as number[];
  expect(rates.slice(1).every((rate) => Math.abs(rate - 1_000) < 10)).toBe(true);
});

test("push() of a gauge that is no number, and of no spread, is shown as nothing", () => {
  const history = new History(SHAPE);
  const sample = { atMs: 1_000, ms: 1_000, counts: {}, gauges: { queue: Number.NaN }, spreads: {} };
  history.push(sample);
  expect(history.read().values).toEqual([[0], [null], [null], [null], [null]]);
});
