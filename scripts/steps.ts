import { spawn } from "node:child_process";
import { join } from "node:path";

/** A command that passes or fails. */
export interface Step {
  name: string;
  command: [string, ...string[]];
}

export interface StepResult {
  name: string;
  isPassed: boolean;
  ms: number;
}

const TOOLS = join(import.meta.dir, "../node_modules/.bin");

/** What must hold before any test is worth running: the gate of `npm run check`. */
export const CHECKS: Step[] = [
  { name: "format", command: [tool("oxfmt"), "--check", "."] },
  { name: "lint", command: [tool("oxlint"), "--type-aware", "--deny-warnings", "."] },
  { name: "types", command: [tool("tsc")] },
  { name: "layers", command: [process.execPath, "scripts/layers.ts"] },
  { name: "options", command: [process.execPath, "scripts/options.ts", "--check"] },
];

/** Runs steps side by side, two at a time; prints one line for each, and the output of those that failed. */
export async function runSteps(steps: Step[]): Promise<StepResult[]> {
  const waiting = [...steps.entries()];
  const results: StepResult[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      results[next[0]] = await runStep(next[1]);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** Runs one step and prints its line; its output only if it failed. */
export async function runStep({ name, command }: Step): Promise<StepResult> {
  const startedMs = performance.now();
  const { code, output } = await capture(command);
  const ms = performance.now() - startedMs;
  const isPassed = code === 0;
  printLine(isPassed, name, ms);
  if (!isPassed) console.log(`${output.trimEnd()}\n(${name} failed: ${command.join(" ")})`);
  return { name, isPassed, ms };
}

/** One line of the list that a run prints. */
export function printLine(isPassed: boolean, name: string, ms: number, note = ""): void {
  console.log(
    `${isPassed ? "ok  " : "FAIL"} ${name} ${(ms / 1000).toFixed(1)} s${note && `: ${note}`}`,
  );
}

/** Runs a command to its end; gives what it printed on both streams, in order. */
export function capture([command, ...args]: Step["command"]): Promise<{
  code: number;
  output: string;
}> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("error", (error) => resolve({ code: 127, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function tool(name: string): string {
  return join(TOOLS, name);
}
