import { join } from "node:path";
import { ROOT, spawnDing, type ReadyLine, type RunningDing, type RunOptions } from "./ding.ts";

/** The plugins that the tests run. */
export function fixture(name: string): string {
  return join(ROOT, "test/e2e/fixtures", name);
}

/** The plugin that does what its tasks say. */
export const JOBS: string = fixture("jobs.ts");

/** The channel of every slave that is started here. */
export const CHANNEL = "233";

/** A slave that is ready, and what it said of itself. */
export type StartedSlave = RunningDing & ReadyLine;

/** What of a slave's status the tests look at. */
export interface SlaveStatus {
  running: number;
  queued: number;
  counts: Record<string, number>;
  tasks: { id: string; state: string }[];
  master: { away: boolean } | null;
  workers: { pid: number; tasks: number }[];
}

/** Starts a slave on a free port and waits until its workers are ready; the binary, if not told otherwise. */
export async function startSlave(
  plugin: string = JOBS,
  args: string[] = [],
  options: RunOptions = {},
): Promise<StartedSlave> {
  const words = ["slave", "--channel", CHANNEL, "--plugin", plugin, "--port", "0", "--json"];
  const slave = spawnDing([...words, ...args], { runtime: "binary", ...options });
  try {
    return Object.assign(slave, await slave.ready());
  } catch (error) {
    await slave[Symbol.asyncDispose]();
    throw error;
  }
}

/** What the slave says at `GET /status`. */
export async function statusOf({ url }: Pick<ReadyLine, "url">): Promise<SlaveStatus> {
  const response = await fetch(`${url}/status`);
  return (await response.json()) as SlaveStatus;
}
