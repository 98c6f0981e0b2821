import { expect, test } from "bun:test";
import { FakeClock } from "../../support/fake-clock.ts";

test("advance() runs what becomes due, in order of time, then of setting", () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push(`c at ${clock.now()}`));
  clock.after(10, () => ran.push(`a at ${clock.now()}`));
  clock.after(10, () => ran.push(`b at ${clock.now()}`));
  clock.after(31, () => ran.push("too late"));
  clock.advance(30);
  expect(ran).toEqual(["a at 10", "b at 10", "c at 20"]);
  expect(clock.now()).toBe(30);
  expect(clock.pending).toBe(1);
});

test("advance() runs what a timer sets, when that is due too", () => {
  const clock = new FakeClock(100);
  const ran: number[] = [];
  const again = (): void => {
    ran.push(clock.now());
    clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  expect(ran).toEqual([110, 120, 130]);
});

test("after() gives a timer that does not run once disposed", () => {
  const clock = new FakeClock();
  let count = 0;
  clock.after(5, () => count++)[Symbol.dispose]();
  clock.advance(10);
  expect(count).toBe(0);
  expect(clock.nextAt).toBeUndefined();
});

test("play() lets promises set the next timer", async () => {
  const clock = new FakeClock();
  const ran: number[] = [];
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.after(ms, resolve));
  const loop = (async () => {
    for (let round = 0; round < 3; round++) {
      await wait(10);
      ran.push(clock.now());
    }
  })();
  await clock.play(30);
  await loop;
  expect(ran).toEqual([10, 20, 30]);
});
