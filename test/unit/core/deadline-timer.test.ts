import { expect, test } from "bun:test";
import { DeadlineTimer } from "../../../src/core/deadline-timer.ts";
import { FakeClock } from "../../support/fake-clock.ts";

interface Wait {
  readonly deadline: number;
  isGone: boolean;
}

function timerOn(clock: FakeClock): { timer: DeadlineTimer<Wait>; due: [number, number][] } {
  const due: [number, number][] = [];
  const timer = new DeadlineTimer<Wait>(clock, (wait) => {
    due.push([wait.deadline, clock.now()]);
    go(timer, wait);
  });
  return { timer, due };
}

function go(timer: DeadlineTimer<Wait>, wait: Wait): void {
  wait.isGone = true;
  timer.onGone();
}

test("DeadlineTimer ends each wait at its deadline, with one timer", () => {
  const clock = new FakeClock();
  const { timer, due } = timerOn(clock);
  for (const deadline of [30, 10, 20, 10]) {
    timer.add({ deadline, isGone: false });
    expect(clock.pending).toBe(1);
  }
  clock.advance(9);
  expect(due).toEqual([]);
  clock.advance(100);
  expect(due).toEqual([
    [10, 10],
    [10, 10],
    [20, 20],
    [30, 30],
  ]);
  expect(clock.pending).toBe(0);
});

test("DeadlineTimer leaves its timer as it is when a wait is over in time, and sets none anew for those behind", () => {
  const clock = new FakeClock();
  const { timer, due } = timerOn(clock);
  for (let at = 0; at < 50; at++) {
    const wait = { deadline: clock.now() + 60_000, isGone: false };
    timer.add(wait);
    expect([clock.pending, clock.nextAt]).toEqual([1, 100]);
    clock.advance(1);
    go(timer, wait);
  }
  timer.add({ deadline: 1_050, isGone: false });
  clock.advance(2_000);
  expect(due).toEqual([[1_050, 1_050]]);
});

test("DeadlineTimer holds the process open for a moment only when nobody waits any more", () => {
  const clock = new FakeClock();
  const { timer } = timerOn(clock);
  const wait = { deadline: 60_000, isGone: false };
  timer.add(wait);
  go(timer, wait);
  clock.advance(100);
  expect(clock.pending).toBe(0);
});

test("disposing DeadlineTimer leaves no timer behind; who comes later is waited for", () => {
  const clock = new FakeClock();
  const { timer, due } = timerOn(clock);
  const first = { deadline: 10, isGone: false };
  timer.add(first);
  go(timer, first);
  timer[Symbol.dispose]();
  expect(clock.pending).toBe(0);
  timer.add({ deadline: 40, isGone: false });
  clock.advance(50);
  expect(due).toEqual([[40, 40]]);
});

test("DeadlineTimer does not turn in a circle around one that stays", () => {
  const clock = new FakeClock();
  const times: number[] = [];
  const timer = new DeadlineTimer<Wait>(clock, (wait) => {
    times.push(clock.now());
    if (times.length === 2) go(timer, wait);
  });
  timer.add({ deadline: 10, isGone: false });
  clock.advance(1_000);
  expect(times).toEqual([10, 110]);
  expect(clock.pending).toBe(0);
});
