import { Supervisor, type MainTask } from "ding";

/** A program whose environments are in processes of their own. */
export async function main(root: MainTask): Promise<void> {
  await using task = root.start();
  await using environments = new Supervisor();
  const module = new URL("./environment.ts", import.meta.url);
  for (const seed of [10, 20]) {
    environments.register({
      module,
      exportName: "Environment",
      args: [seed],
      sharedBytes: 1 << 20,
    });
  }
  await environments.start();
  const pids = new Set([process.pid]);
  task.use(async () => {
    const sent = [0, 1].map((procId) => environments.send({ procId, method: "step" }));
    for (const { procId, data } of await environments.recvAll(sent)) {
      const { pid, frame } = data as { pid: number; frame: Uint8Array };
      pids.add(pid);
      console.log(`environment ${procId}: ${frame.length} of ${frame[0]} and ${frame.at(-1)}`);
    }
  });
  await task.run(2);
  console.log(`${pids.size} processes`);
}
