import { join } from "node:path";
import { ROOT, type RunningDing, spawnDing } from "./ding.ts";
import type { TempFolder } from "./temp-folder.ts";

/** The last line of a run. */
export interface RunSummary {
  reached: boolean;
  return: number;
  envSteps: number;
  seconds: number;
  workers: { id: string; role: string; pid: number; envSteps: number }[];
  policyVersions: Record<string, number>;
}

/** What `GET /status` says of a run. */
export interface RunStatus extends RunSummary {
  pid: number;
  workers: { id: string; role: string; state: string; pid: number; envSteps: number }[];
  commander: { players?: { playerId: string; rating: number }[] };
}

/** Writes the run of an example into a folder, with another value at which it stops; gives its path. */
export async function exampleRun(
  folder: TempFolder,
  example: "cartpole" | "league",
  stopValue: number,
): Promise<string> {
  const from = join(ROOT, "examples", example);
  const config = `import run from ${JSON.stringify(join(from, "config.ts"))};
const { main } = run;
const at = (section) => section && { ...section, plugin: ${JSON.stringify(from)} + section.plugin.slice(1) };
export default {
  ...run,
  main: {
    ...main,
    commander: { ...main.commander, stopValue: ${stopValue} },
    collector: at(main.collector),
    learner: at(main.learner),
    ...(main.evaluator && { evaluator: at(main.evaluator) }),
  },
};
`;
  return await folder.write(`${example}-${stopValue}.ts`, config);
}

/** Starts a run with two collectors on this machine, as the binary. */
export function startRun(folder: TempFolder, config: string, ...more: string[]): RunningDing {
  const args = ["coordinator", "--config", config, "--local", "2", "--json", "--port", "0"];
  return spawnDing([...args, ...more], { cwd: folder.path, runtime: "binary" });
}

/** The last line of what a run has printed. */
export function summaryOf(stdout: string): RunSummary {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as RunSummary;
}

/** What a run says of itself now. */
export async function runStatus(url: string): Promise<RunStatus> {
  const response = await fetch(`${url}/status`);
  return (await response.json()) as RunStatus;
}
