import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Processes, Started } from "./processes.ts";

const ROOT = join(import.meta.dir, "../..");
const PLUGIN = join(import.meta.dir, "../plugins/sum-or-echo.ts");
const BARE_SLAVE = join(import.meta.dir, "../limits/slave.ts");

/** The program that users copy. */
export const DING = join(ROOT, "dist/ding");

/** The channel of every slave and master of a bench. */
export const CHANNEL = 233;

/** Where the task code runs. */
export type Isolate = "none" | "process";

/** A slave that takes tasks. */
export interface StartedSlave extends Started {
  readonly port: number;
}

/** Makes dist/ding of what stands in the working tree. */
export function build(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts")], {
    encoding: "utf8",
    cwd: ROOT,
  });
  if (status !== 0) throw new Error(`Cannot build dist/ding: ${stderr}`);
}

/** Starts `ding slave` with the bench's plugin; its ready line says that its workers have loaded it. */
export async function startSlave(processes: Processes, isolate: Isolate): Promise<StartedSlave> {
  const options = ["--channel", String(CHANNEL), "--port", "0", "--mode", "queue", "--json"];
  const args = ["slave", ...options, "--plugin", PLUGIN, "--isolate", isolate];
  const started = await processes.start(DING, args);
  const { address } = JSON.parse(started.line) as { address: string };
  return { ...started, port: Number(address.split(":").at(-1)) };
}

/** Starts the prototype of a slave. */
export async function startBareSlave(
  processes: Processes,
  isolate: Isolate,
): Promise<StartedSlave> {
  const started = await processes.start(process.execPath, [BARE_SLAVE, isolate]);
  return { ...started, port: Number(started.line) };
}
