import { spawn } from "node:child_process";

export interface CommandResult {
  /** 127 when there is no such program, 124 when it took too long. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end without a shell; never rejects. */
export function runCommand(
  [command, ...args]: [string, ...string[]],
  { env, timeoutMs = 60_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 124, stdout, stderr }));
  });
}
