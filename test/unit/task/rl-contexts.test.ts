import { expect, test } from "bun:test";
import { OfflineRLContext, OnlineRLContext } from "../../../src/task/rl-contexts.ts";

test("OnlineRLContext keeps counters and the last evaluation, and nothing else", () => {
  const ctx = new OnlineRLContext();
  Object.assign(ctx, {
    envStep: 1,
    envEpisode: 2,
    trainIter: 3,
    lastEvalIter: 4,
    lastEvalValue: 5,
  });
  Object.assign(ctx, { wandbUrl: "u", trajectories: [1], evalValue: 6, trainOutput: {} });
  const next = ctx.renew();
  expect(next).toMatchObject({ totalStep: 1, envStep: 1, envEpisode: 2, trainIter: 3 });
  expect(next).toMatchObject({ lastEvalIter: 4, lastEvalValue: 5, wandbUrl: "u" });
  expect([next.trajectories, next.trainOutput]).toEqual([undefined, undefined]);
  expect(next.evalValue).toBe(Number.NEGATIVE_INFINITY);
});

test("OfflineRLContext keeps its counters; the epoch is told in each step anew", () => {
  const ctx = new OfflineRLContext();
  Object.assign(ctx, { trainedEnvStep: 1, trainIter: 2, trainEpoch: 3 });
  expect(ctx.renew()).toMatchObject({ trainedEnvStep: 1, trainIter: 2, trainEpoch: 0 });
});
