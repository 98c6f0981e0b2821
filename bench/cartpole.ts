import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { build, DING } from "./support/ding.ts";
import { type Row, valueRow } from "./support/row.ts";

const CONFIG = join(import.meta.dir, "../examples/cartpole/config.ts");
const SEEDS = [1, 2, 3];
const FIVE_MINUTES_MS = 300_000;

/** The last line of a run. */
interface Summary {
  reached: boolean;
  return: number;
  envSteps: number;
}

/** examples/cartpole as a user runs it, from the start of the command to its end: mean return 195 over 100 episodes. */
export async function* bench(): AsyncGenerator<Row> {
  build();
  for (const seed of SEEDS) {
    const from = performance.now();
    const { reached, return: mean, envSteps } = await learn(seed);
    const tookMs = reached && mean >= 195 ? performance.now() - from : Infinity;
    const id = `cartpole to ${mean.toFixed(0)} in ${envSteps} steps, seed ${seed}`;
    yield valueRow({ id, unit: "ms", bound: FIVE_MINUTES_MS }, tookMs);
  }
}

async function learn(seed: number): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), "ding-bench-"));
  const args = ["coordinator", "--config", CONFIG, "--local", "2", "--json", "--port", "0"];
  const child = spawn(DING, [...args, "--seed", String(seed)], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
    timeout: FIVE_MINUTES_MS,
  });
  try {
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    await once(child, "close");
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Summary;
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
