import type { MainTask } from "../../src/index.ts";

/** All meet, and go. */
export function main(task: MainTask): Promise<void> {
  return task.start().barrier();
}
