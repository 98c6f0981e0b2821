import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "./runtimes.ts";

/** Runs a program of the examples under Bun to its end; rejects, with what it printed, when that is not 0 or takes too long. */
export function runExample(
  file: string,
  args: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [file, ...args], { cwd: ROOT, timeout: 45_000 });
}
