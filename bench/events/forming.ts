import { spawn } from "node:child_process";
import { once } from "node:events";
import { DING } from "../support/ding.ts";

const MAIN = new URL("meeting.ts", import.meta.url).pathname;

/** From the start of `ding task` until all its nodes are there, in milliseconds; then it ends. */
export async function formingMs(nodes: number): Promise<number> {
  const args = ["task", "--main", MAIN, "--parallel-workers", String(nodes)];
  const startedMs = performance.now();
  const child = spawn(DING, [...args, "--topology", "mesh", "--protocol", "ipc"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  let formedMs: number | undefined;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.includes("task ready")) formedMs ??= performance.now() - startedMs;
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code === 0 && formedMs !== undefined) return formedMs;
  throw new Error(`A mesh of ${nodes} did not form (${code}): ${said}`);
}
