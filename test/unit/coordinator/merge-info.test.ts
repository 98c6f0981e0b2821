import { expect, test } from "bun:test";
import { mergeInfo } from "../../../src/coordinator/run/merge-info.ts";

test("mergeInfo() of four learners: one learner_step, lists end to end, other numbers as a list", () => {
  const info = { learner_step: 1, learner_done: false, a_list: [1, 2], loss: 0.5 };
  expect(mergeInfo([info, info, info, info])).toEqual({
    learner_step: 1,
    learner_done: false,
    a_list: [1, 2, 1, 2, 1, 2, 1, 2],
    loss: [0.5, 0.5, 0.5, 0.5],
  });
});

test("mergeInfo() goes into objects", () => {
  const info = (at: number) => ({ priority_info: { priority: [at], replay_unique_id: [at + 10] } });
  expect(mergeInfo([info(1), info(2)])).toEqual({
    priority_info: { priority: [1, 2], replay_unique_id: [11, 12] },
  });
  expect(mergeInfo([])).toEqual({});
});
