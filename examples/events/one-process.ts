import { OnlineRLContext, type MainTask, type Middleware } from "ding";

type Task = MainTask<OnlineRLContext>;

/** Listens once, for all steps; as a middleware it does nothing. */
function receiver(task: Task): Middleware<OnlineRLContext> {
  task.on("greeting", (message: string) => console.log(`Get msg: ${message}`));
  return () => {};
}

function sender(task: Task): Middleware<OnlineRLContext> {
  return (ctx) => task.emit("greeting", [`Hi ${ctx.totalStep} times`]);
}

export async function main(root: MainTask): Promise<void> {
  await using task = root.start({ ctx: new OnlineRLContext() });
  task.use(receiver(task));
  task.use(sender(task));
  await task.run(10);
}
