import { expect, test } from "bun:test";
import { PolicyLag } from "../../../../src/coordinator/weights/policy-lag.ts";

test("judge() takes everything without a limit, and counts how far behind it was", () => {
  const lag = new PolicyLag();
  expect(lag.judge(3, { newest: 10, count: 5 })).toBe("take");
  expect(lag.judge(10, { newest: 10, count: 5 })).toBe("take");
  expect(lag.stats).toMatchObject({
    last: 0,
    least: 0,
    most: 7,
    mean: 3.5,
    inserts: 2,
    dropped: 0,
  });
});

test("judge() in mode drop refuses what is beyond the limit, not what is at it", () => {
  const lag = new PolicyLag({ maxPolicyLag: 2 });
  expect(lag.judge(8, { newest: 10, count: 5 })).toBe("take");
  expect(lag.judge(7, { newest: 10, count: 5 })).toBe("drop");
  expect(lag.stats.dropped).toBe(5);
});

test("judge() in mode pause holds a collector as soon as it is at the limit", () => {
  const lag = new PolicyLag({ maxPolicyLag: 2, onLag: "pause" });
  expect(lag.judge(9, { newest: 10, count: 5 })).toBe("take");
  expect(lag.judge(8, { newest: 10, count: 5 })).toBe("pause");
  expect(lag.stats).toMatchObject({ paused: 1, marked: 0 });
  expect(lag.judge(6, { newest: 10, count: 5 })).toBe("pause");
  expect(lag.stats).toMatchObject({ paused: 2, marked: 5 });
});

test("judge() in mode mark takes what is beyond the limit, and counts it", () => {
  const lag = new PolicyLag({ maxPolicyLag: 0, onLag: "mark" });
  expect(lag.judge(1, { newest: 1, count: 4 })).toBe("take");
  expect(lag.judge(0, { newest: 1, count: 4 })).toBe("mark");
  expect(lag.stats.marked).toBe(4);
});

test("judge() takes a version that is ahead of the newest for no lag at all", () => {
  const lag = new PolicyLag({ maxPolicyLag: 0 });
  expect(lag.judge(5, { newest: 3, count: 1 })).toBe("take");
  expect(lag.stats.most).toBe(0);
});
