import type { MainTask } from "ding";

/** Node 0 hears what node 1 says, wherever that runs. */
export async function main(root: MainTask): Promise<void> {
  await using task = root.start();
  if (task.router.nodeId === 0) {
    const done = task.waitFor("done");
    task.on("greeting", (message: string) => console.log(`Get msg: ${message}`));
    await done;
  } else {
    for (let count = 0; count < 10; count++) await task.emit("greeting", [`Hi ${count} times`]);
    await task.emit("done");
  }
}
