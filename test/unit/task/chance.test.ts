import { expect, test } from "bun:test";
import { MainTask } from "../../../src/task/task.ts";
import { FakeMesh } from "./fake-router.ts";

const draw = (task: MainTask): number[] => Array.from({ length: 5 }, () => task.random());

test("random() gives the same numbers after each start with one seed, and others for other seeds and nodes", async () => {
  const mesh = new FakeMesh();
  const [router, other] = [mesh.join(), mesh.join()];
  await using root = new MainTask({ router, seed: 7 });
  await using again = new MainTask({ router: other, seed: 7 });
  expect([root.seed, root.start().seed]).toEqual([7, 7]);
  const first = draw(root);
  expect(first.every((number) => number >= 0 && number < 1)).toBe(true);
  expect(draw(root)).not.toEqual(first);
  const seeds = [undefined, 8, 7 + 2 ** 32, 0, 1, 7].map((seed) => draw(root.start({ seed })));
  const ofOther = draw(again.start());
  expect([seeds[0], seeds[5]]).toEqual([first, first]);
  expect(new Set([...seeds, ofOther].map(String)).size).toBe(6);
  expect(root.start({ seed: 8 }).seed).toBe(8);
});

test("start() takes a seed by chance where none is said, and refuses what is none", async () => {
  await using task = new MainTask();
  const { seed } = task.start();
  const numbers = draw(task);
  expect(Number.isSafeInteger(seed)).toBe(true);
  expect(draw(task.start({ seed }))).toEqual(numbers);
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 60]) {
    expect(() => task.start({ seed: wrong })).toThrow(`Cannot start task with seed ${wrong}`);
  }
});
