import { Parallel } from "../../src/task/parallel/parallel.ts";

/** From the start of a launch until all its nodes are there, in milliseconds; then it ends. */
export async function formingMs(parallelWorkers: number): Promise<number> {
  const startedMs = performance.now();
  let formedMs = Number.NaN;
  const run = Parallel.runner({
    parallelWorkers,
    topology: "mesh",
    onReady: () => (formedMs = performance.now() - startedMs),
  });
  await run(new URL("meeting.ts", import.meta.url));
  return formedMs;
}
