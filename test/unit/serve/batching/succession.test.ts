import { expect, test } from "bun:test";
import { Succession } from "../../../../src/serve/batching/succession.ts";

test("gapMs tells within what time the next one mostly comes, whatever single gaps were like", () => {
  const succession = new Succession();
  const together = {};
  expect(succession.lastMs).toBe(-Infinity);
  let now = 10;
  for (let index = 0; index < 6; index++) succession.onReturn(together, (now += 2));
  expect(succession.gapMs).toBe(Infinity); // of too few
  succession.onReturn(together, (now += 2));
  expect(succession.gapMs).toBe(2);
  succession.onReturn(together, (now += 50));
  succession.onReturn(together, (now += 50));
  expect(succession.gapMs).toBe(2);
  expect(succession.lastMs).toBe(now);
});

test("gapMs counts no gaps between those who were not answered together", () => {
  const succession = new Succession();
  let now = 0;
  for (let batch = 0; batch < 10; batch++) {
    const together = {};
    now += 100;
    for (let index = 0; index < 3; index++) succession.onReturn(together, (now += 1));
  }
  expect(succession.gapMs).toBe(1);
});
