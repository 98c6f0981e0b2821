import { expect, test } from "bun:test";
import { contextExchanger } from "../../../../src/task/exchange/context-exchanger.ts";
import { ModelExchanger } from "../../../../src/task/exchange/model-exchanger.ts";
import { OnlineRLContext } from "../../../../src/task/rl-contexts.ts";
import type { MainTask } from "../../../../src/task/task.ts";
import { until } from "../../../support/until.ts";
import { hub, member, meshOf, PATIENT, type Member } from "../mesh-members.ts";

/** What a node of a training does; its weights are as many numbers as their version says. */
interface Part {
  task: MainTask<OnlineRLContext>;
  weights: ModelExchanger<OnlineRLContext>;
  loaded: number[];
}

const WIDTH = 50_000;

function partOf({ task: started }: Member, role: string): Part {
  const task = started as unknown as MainTask<OnlineRLContext>;
  task.ctx = new OnlineRLContext();
  task.addRole(role);
  const loaded: number[] = [];
  const model = new Float32Array(WIDTH);
  const weights = new ModelExchanger(task, {
    stateDict: () => model.slice(),
    loadStateDict: (state) => {
      model.set(state as Float32Array);
      loaded.push(model.at(-1) ?? -1);
    },
  });
  task.use(contextExchanger(task)).use(weights.middleware);
  if (role === "learner") task.use(() => void model.fill((model[0] ?? 0) + 1));
  return { task, weights, loaded };
}

test("who joins a training late begins with the newest weights, through the hub too", async () => {
  await using stack = new AsyncDisposableStack();
  const options = { topology: "star", dials: hub } as const;
  const members = await meshOf(stack, 3, options);
  const [, learning, collecting] = members as [Member, Member, Member];
  const learner = partOf(learning, "learner");
  const collector = partOf(collecting, "collector");
  const [seen, steps]: [unknown[], number] = [[], 5];
  learner.task.use((ctx) => void seen.push(...(ctx.trajectories ?? [])));
  collector.task.use((ctx) => {
    ctx.trajectories = [new Float32Array(WIDTH).fill(ctx.totalStep)];
    ctx.envStep += 1;
  });
  const collected = collector.task.run(steps);
  while (seen.length < steps) await learner.task.run(1);
  await collected;
  expect(seen.map((trajectory) => (trajectory as Float32Array)[WIDTH - 1])).toEqual([
    0, 1, 2, 3, 4,
  ]);
  expect(collector.loaded).toEqual(collector.loaded.toSorted((a, b) => a - b));
  const { version } = learner.weights;

  const late = await member(stack, 3, { topology: "star" });
  await late.node.dial([members[0]?.node.address ?? ""]);
  await until(() => late.node.peers().length === 3, PATIENT);
  const joined = partOf(late, "collector");
  await until(() => joined.task.listeners("model_exchanger") === 1, PATIENT);
  await joined.task.run(2);
  expect([joined.loaded, joined.weights.version]).toEqual([[version], version]);
});
