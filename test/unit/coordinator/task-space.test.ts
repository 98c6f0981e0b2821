import { expect, test } from "bun:test";
import { TaskSlots } from "../../../src/coordinator/commander/task-slots.ts";
import { TaskSpace } from "../../../src/coordinator/commander/task-space.ts";

test("a space of two: acquired twice and no third time, again after a release, again after an increase", () => {
  const space = new TaskSpace(0, 2);
  expect([space.acquire(), space.acquire(), space.acquire()]).toEqual([true, true, false]);
  space.release();
  expect(space.acquire()).toBe(true);
  space.increase();
  expect(space.acquire()).toBe(true);
  expect(space.acquire()).toBe(false);
});

test("decrease() below what is taken loses no running task, and none is added until there is room", () => {
  const space = new TaskSpace(0, 2);
  space.acquire();
  space.acquire();
  space.decrease();
  space.decrease();
  space.decrease();
  expect([space.used, space.most]).toEqual([2, 0]);
  space.release();
  expect(space.acquire()).toBe(false);
  space.increase();
  space.release();
  expect(space.acquire()).toBe(true);
});

test("release() of a place that nobody took throws", () => {
  expect(() => new TaskSpace(0, 1).release()).toThrow("No place is taken");
});

test("slots follow the workers, never below the configured number; increase and decrease move that", () => {
  const slots = new TaskSlots({ collectorTaskSpace: 2, learnerTaskSpace: 1 });
  const workers = (collectors: number) => ({ collectors, learners: 1, evaluators: 0 });
  expect(slots.most("collector")).toBe(2);
  slots.onWorkers(workers(4));
  expect(slots.most("collector")).toBe(4);
  slots.onWorkers(workers(1));
  expect(slots.most("collector")).toBe(2);
  slots.increase();
  expect(slots.most("collector")).toBe(3);
  slots.decrease();
  slots.decrease();
  expect(slots.most("collector")).toBe(1);
});

test("a task's place is given back once, however often it is said", () => {
  const slots = new TaskSlots({ collectorTaskSpace: 1, learnerTaskSpace: 1 });
  expect(slots.acquire("a", "collector")).toBe(true);
  expect(slots.acquire("a", "collector")).toBe(false);
  expect(slots.release("a")).toBe(true);
  expect(slots.release("a")).toBe(false);
  expect(slots.used("collector")).toBe(0);
  slots.acquire("b", "collector");
  const again = new TaskSlots({ collectorTaskSpace: 1, learnerTaskSpace: 1 });
  again.loadStateDict(slots.stateDict());
  expect(again.acquire("c", "collector")).toBe(false);
  expect(again.release("b")).toBe(true);
});
