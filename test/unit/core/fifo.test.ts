import { expect, test } from "bun:test";
import { Fifo } from "../../../src/core/fifo.ts";
import { Chance } from "../../support/chance.ts";
import { collected } from "../../support/collected.ts";
import { until } from "../../support/until.ts";

test("Fifo gives what it was given in order, also what was put first, as a list does", () => {
  const chance = new Chance(3);
  const fifo = new Fifo<number>();
  let list: number[] = [];
  for (let step = 0; step < 5_000; step++) {
    const dice = chance.integer(0, 9);
    if (dice < 5) {
      fifo.push(step);
      list.push(step);
    } else if (dice < 9) {
      expect(fifo.take()).toBe(list.shift() as number);
    } else {
      fifo.putFirst([-step, step]);
      list = [-step, step, ...list];
    }
    expect([fifo.peek(), fifo.size]).toEqual([list[0], list.length]);
  }
  fifo.clear();
  expect([fifo.peek(), fifo.take(), fifo.size]).toEqual([undefined, undefined, 0]);
});

test("Fifo does not keep what was taken", async () => {
  const fifo = new Fifo<object>();
  const refs: WeakRef<object>[] = [];
  for (let index = 0; index < 1_000; index++) {
    const item = { index };
    refs.push(new WeakRef(item));
    fifo.push(item);
  }
  while (fifo.size > 0) fifo.take();
  await until(() => collected(refs) > 900, { what: "what was taken" });
});
