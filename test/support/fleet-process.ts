import { ding, spawnDing, type ReadyLine, type RunningDing, type RunOptions } from "./ding.ts";

/** A fleet that is ready, and what it said of itself. */
export type StartedFleet = RunningDing & ReadyLine;

/** What of a fleet's status the tests look at. */
export interface FleetStatus {
  state: string;
  mode: string;
  ready: boolean;
  jobs: Record<string, number>;
  unitStates: Record<string, number>;
  units: { id: string; state: string; ageMs: number }[];
  workers: { id: string; pid: number }[];
  remoteServers: unknown[];
}

/** Starts `ding decentral start` on a free port and waits until its units are there; the binary, if not told otherwise. */
export async function startDecentral(
  args: string[],
  options: RunOptions & { readyMs?: number } = {},
): Promise<StartedFleet> {
  const words = ["decentral", "start", ...args, "--port", "0", "--json"];
  const fleet = spawnDing(words, { runtime: "binary", ...options });
  try {
    return Object.assign(fleet, await fleet.ready(options.readyMs ?? 30_000));
  } catch (error) {
    await fleet[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs `ding decentral VERB --json` and gives the line of JSON that it prints; rejects when it fails. */
export async function decentral<T>(args: string[], options: RunOptions = {}): Promise<T> {
  const { code, stdout, stderr } = await ding(["decentral", ...args, "--json"], {
    runtime: "binary",
    ...options,
  });
  if (code !== 0) throw new Error(`ding decentral ${args.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** What a fleet says of itself, asked without a command. */
export async function statusOf({ url }: { url: string }): Promise<FleetStatus> {
  return (await (await fetch(`${url}/status`)).json()) as FleetStatus;
}

/** Jobs of `noting.ts`, as JSON lines. */
export function jobLines(count: number, job: (n: number) => object): string {
  return Array.from({ length: count }, (_, n) => `${JSON.stringify(job(n))}\n`).join("");
}
