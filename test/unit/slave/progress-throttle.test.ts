import { expect, test } from "bun:test";
import { ProgressThrottle } from "../../../src/slave/progress-throttle.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const bytes = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

function throttle(): {
  clock: FakeClock;
  put: (value: number) => void;
  end: () => void;
  passed: number[];
} {
  const clock = new FakeClock();
  const passed: number[] = [];
  const one = new ProgressThrottle(clock, (value) => {
    if (value) passed.push(new Uint32Array(value.slice().buffer)[0] ?? -1);
  });
  return { clock, passed, put: (value) => one.put(bytes(value)), end: () => one.end() };
}

test("put() lets everything pass that does not come too fast", () => {
  const { clock, passed, put } = throttle();
  for (let value = 0; value < 1_000; value++) {
    put(value);
    clock.advance(10);
  }
  expect(passed).toEqual(Array.from({ length: 1_000 }, (_, value) => value));
  expect(clock.pending).toBe(0);
});

test("put() in a tight loop passes a bounded burst; end() passes the newest, once", () => {
  const { clock, passed, put, end } = throttle();
  for (let value = 0; value < 100_000; value++) put(value);
  expect(passed.length).toBe(256);
  end();
  expect(passed.length).toBe(257);
  expect(passed.at(-1)).toBe(99_999);
  clock.advance(1_000);
  expect(passed.length).toBe(257);
});

test("put() passes values in order, and the newest of those held back", () => {
  const { clock, passed, put } = throttle();
  for (let value = 0; value < 300; value++) put(value);
  clock.advance(10);
  expect(passed.at(-1)).toBe(299);
  put(300);
  clock.advance(1_000);
  expect(passed.at(-1)).toBe(300);
  expect(passed).toEqual(passed.toSorted((one, other) => one - other));
  expect(clock.pending).toBe(0);
});
