import { expect, test } from "bun:test";
import { EarlyEvents } from "../../../src/task/early-events.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("keep() is bounded by number and by bytes; what is taken makes room", () => {
  const early = new EarlyEvents({ events: 3, bytes: 100 });
  expect(early.keep("a", [1], 60)).toBe(true);
  expect(early.keep("a", [2], 60)).toBe(false);
  expect(early.keep("b", [3], 40)).toBe(true);
  expect(early.take("a")).toEqual([[1]]);
  expect(early.keep("b", [4], 60)).toBe(true);
  expect([early.take("b"), early.take("b"), early.size, early.dropped]).toEqual([
    [[3], [4]],
    [],
    0,
    1,
  ]);
  early[Symbol.dispose]();
  expect(early.keep("a", [5], 1)).toBe(false);
});

test("take() of one gives the first that it accepts and leaves the others in their order", () => {
  const early = new EarlyEvents({ events: 9, bytes: 9 });
  for (const value of [1, 2, 3]) early.keep("a", [value], 1);
  expect(early.take("a", ([value]) => value === 2)).toEqual([[2]]);
  expect(early.take("a", () => false)).toEqual([]);
  expect(early.take("a")).toEqual([[1], [3]]);
});

test("closeAfter() tells for how many nobody came, those without room too", () => {
  const clock = new FakeClock();
  const early = new EarlyEvents({ events: 2, bytes: 9 });
  early.keep("peer:join", [], 0); // for who wants it
  early.keep("a", [], 1);
  early.keep("a", [], 1);
  const told: unknown[] = [];
  early.closeAfter(5_000, clock, (unheard, names) => told.push(unheard, names));
  clock.advance(5_000);
  expect([told, early.isOpen, clock.pending]).toEqual([[2, ["a"]], false, 0]);
});
