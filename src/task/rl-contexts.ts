import { Context } from "./context.ts";

/** What a step of training with an environment hands on; counters and the last evaluation are kept. */
export class OnlineRLContext extends Context {
  envStep = 0;
  envEpisode = 0;
  trainIter = 0;
  trainData: unknown;
  trainOutput: unknown;
  collectKwargs: Record<string, unknown> = {};
  obs: unknown;
  action: unknown;
  inferenceOutput: unknown;
  trajectories: unknown[] | undefined;
  episodes: unknown[] | undefined;
  trajectoryEndIdx: number[] = [];
  evalValue = Number.NEGATIVE_INFINITY;
  lastEvalIter = -1;
  lastEvalValue = Number.NEGATIVE_INFINITY;
  evalOutput: unknown[] = [];
  wandbUrl = "";

  constructor() {
    super();
    const evaluation = ["lastEvalIter", "lastEvalValue"];
    this.keep("envStep", "envEpisode", "trainIter", ...evaluation, "wandbUrl");
  }
}

/** What a step of training from recorded data hands on; counters and the last evaluation are kept. */
export class OfflineRLContext extends Context {
  trainedEnvStep = 0;
  trainEpoch = 0;
  trainIter = 0;
  trainData: unknown;
  trainOutput: unknown;
  evalValue = Number.NEGATIVE_INFINITY;
  lastEvalIter = -1;
  lastEvalValue = Number.NEGATIVE_INFINITY;
  evalOutput: unknown[] = [];
  wandbUrl = "";

  constructor() {
    super();
    this.keep("trainedEnvStep", "trainIter", "lastEvalIter", "lastEvalValue", "wandbUrl");
  }
}
