import { expect, test } from "bun:test";
import { everyStep } from "../../../src/telemetry/every-step.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("everyStep() runs each time, told how long the step was, until it is disposed", () => {
  const clock = new FakeClock();
  const steps: number[] = [];
  const timer = everyStep(1_000, (ms) => steps.push(ms), clock);
  clock.advance(3_500);
  expect(steps).toEqual([1_000, 1_000, 1_000]);
  timer[Symbol.dispose]();
  clock.advance(5_000);
  expect(steps).toHaveLength(3);
  expect(clock.pending).toBe(0);
});

test("everyStep() goes on after a step that throws", () => {
  const clock = new FakeClock();
  let steps = 0;
  using _ = everyStep(
    1_000,
    () => {
      steps++;
      throw new Error("once");
    },
    clock,
  );
  expect(() => clock.advance(1_000)).toThrow("once");
  expect(() => clock.advance(1_000)).toThrow("once");
  expect(steps).toBe(2);
});
