import { expect, test } from "bun:test";
import { Deadlines, type Mortal } from "../../../src/core/deadlines.ts";
import { Chance } from "../../support/chance.ts";
import { collected } from "../../support/collected.ts";
import { until } from "../../support/until.ts";

class Wait implements Mortal {
  readonly deadline: number;
  isGone = false;

  constructor(deadline: number) {
    this.deadline = deadline;
  }
}

test("Deadlines gives what is due in its order, whatever the order in which they came, and none that has gone", () => {
  const chance = new Chance(7);
  for (let round = 0; round < 50; round++) {
    const deadlines = new Deadlines<Wait>();
    const waiting = new Set<Wait>();
    const go = (wait: Wait): void => {
      wait.isGone = true;
      waiting.delete(wait);
      deadlines.onGone();
    };
    for (let step = 0; step < 600; step++) {
      // Mostly in order, as the times of requests are; the more rounds, the more come out of it.
      const isOdd = chance.next() < round / 50;
      const wait = new Wait(step + (isOdd ? chance.integer(-250, 250) : 100));
      deadlines.push(wait);
      waiting.add(wait);
      if (chance.next() < 0.5) go(chance.pick([...waiting]));
      const earliest = Math.min(...[...waiting].map(({ deadline }) => deadline));
      expect(deadlines.next).toBe(earliest);
      for (let due = deadlines.due(step); due; due = deadlines.due(step)) {
        expect(due.deadline).toBe(deadlines.next);
        go(due);
      }
    }
    expect([...waiting].every(({ deadline }) => deadline > 599)).toBe(true);
  }
});

test("Deadlines keeps no more of the gone than of those who wait, and a few", async () => {
  const deadlines = new Deadlines<Wait>();
  const refs: WeakRef<Wait>[] = [];
  for (let count = 0; count < 10_000; count++) {
    const wait = new Wait(count % 7 === 0 ? 5 : count + 1_000);
    deadlines.push(wait);
    refs.push(new WeakRef(wait));
    wait.isGone = true;
    deadlines.onGone();
  }
  expect(deadlines.next).toBe(Infinity);
  await until(() => collected(refs) > 9_000, { what: "those who have gone" });
});
