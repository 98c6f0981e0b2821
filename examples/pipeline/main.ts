import {
  contextExchanger,
  ModelExchanger,
  OnlineRLContext,
  ROLE,
  type MainTask,
  type Middleware,
} from "ding";
import { LineModel, type Point } from "./line-model.ts";

const POINTS = 32;
const GOOD_ENOUGH = 1e-6;
/** A collector's line is at most so many versions behind the learner's. */
const MAX_LAG = 20;

type Task = MainTask<OnlineRLContext>;
type Step = Middleware<OnlineRLContext>;

/** Draws points, most of them where the line that is known here is worst. */
function collect(task: Task, model: LineModel): Step {
  return (ctx) => {
    if (!task.hasRole(ROLE.COLLECTOR)) return;
    const points = Array.from({ length: POINTS * 2 }, (): Point => {
      const x = Math.random() * 4 - 2;
      return { x, y: 3 * x - 2 };
    });
    const miss = ({ x, y }: Point): number => Math.abs(model.at(x) - y);
    ctx.trajectories = points.toSorted((a, b) => miss(b) - miss(a)).slice(0, POINTS);
    ctx.envStep += POINTS;
  };
}

function learn(task: Task, model: LineModel): Step {
  return (ctx) => {
    if (!task.hasRole(ROLE.LEARNER)) return;
    const error = model.train((ctx.trajectories ?? []) as Point[]);
    ctx.trainIter += 1;
    if (error < GOOD_ENOUGH) task.finish = true;
  };
}

/** The same program on each node: its id says what it does there. */
export async function main(root: MainTask): Promise<void> {
  await using task = root.start({ ctx: new OnlineRLContext() });
  const { nodeId } = task.router;
  // Alone it plays all roles.
  if (task.router.peers().length > 0) {
    task.addRole(nodeId === 0 ? ROLE.LEARNER : ROLE.COLLECTOR);
  }
  const model = new LineModel();
  const weights = new ModelExchanger(task, model, { maxLag: MAX_LAG });
  task.use(contextExchanger(task));
  task.use(weights.middleware);
  task.use(collect(task, model));
  task.use(learn(task, model));
  await task.run(100_000);
  const { envStep, trainIter, totalStep } = task.ctx;
  if (task.hasRole(ROLE.LEARNER)) {
    console.log(`learned ${model.text} from ${envStep} points, in ${trainIter} versions`);
  } else {
    const told = `up to version ${weights.version}`;
    console.log(`node ${nodeId} collected in ${totalStep + 1} steps, ${told}`);
  }
}
