import { ding, spawnDing, type RunningDing, type RunOptions, type RunResult } from "./ding.ts";
import { CHANNEL } from "./slave.ts";

/** A line of `ding master submit --json`. */
export interface ResultLine {
  index: number;
  id: string;
  status: string;
  result: unknown;
  error?: { code: string; message: string };
  slave: string;
  attempts: number;
  ms: number;
}

/** How a submit ended, with its lines in the order of the tasks. */
export interface Submitted extends RunResult {
  lines: ResultLine[];
}

/** Where tasks go: the addresses of slaves, and further flags. */
export interface SubmitTo {
  slaves: { address: string }[];
  args?: string[];
}

/** Submits tasks to slaves with `--json`, through standard input, and waits for the end. */
export async function submit(
  tasks: unknown[],
  to: SubmitTo,
  options: RunOptions = {},
): Promise<Submitted> {
  const run = { runtime: "binary", input: jsonLines(tasks), ...options } as const;
  const result = await ding(wordsOf("-", to), run);
  return { ...result, lines: parseLines(result.stdout) };
}

/** Begins to submit a file of tasks with `--json`. */
export function spawnSubmit(file: string, to: SubmitTo, options: RunOptions = {}): RunningDing {
  return spawnDing(wordsOf(file, to), { runtime: "binary", ...options });
}

/** JSON, one value a line. */
export function jsonLines(values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}

/** Reads result lines, in the order of the tasks. */
export function parseLines(text: string): ResultLine[] {
  const lines = text.split("\n").filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as ResultLine)
    .toSorted((one, other) => one.index - other.index);
}

function wordsOf(file: string, { slaves, args = [] }: SubmitTo): string[] {
  const names = slaves.flatMap(({ address }) => ["--slave", address]);
  return ["master", "submit", file, "--json", "--channel", CHANNEL, ...names, ...args];
}
