import type { CoordinatorStatus } from "../src/coordinator/client.ts";
import { columnsText } from "./_columns.ts";
import { timeText } from "./_progress.ts";
import { visibleLine } from "./_visible.ts";

/** What of a status is shown. */
interface Shown {
  state: string;
  expName: string;
  reached: boolean;
  return: number | null;
  episodes: number;
  envSteps: number;
  seconds: number;
  counters: { learnerStep: number; failures: number };
  tasks: Record<string, number>;
  workers: {
    id: string;
    role: string;
    state: string;
    taskId?: string;
    envSteps: number;
    policyVersion: number;
  }[];
  buffers: { table: string; stats: { size: number; maxSize: number; samplesPerInsert: number } }[];
}

/** A run's status, for people. */
export function statusText(status: CoordinatorStatus): string {
  const shown = status as unknown as Shown;
  const lines = [
    headLine(shown),
    taskLine(shown),
    ...bufferLines(shown),
    "",
    ...workerLines(shown),
  ];
  return lines.map((line) => `${visibleLine(line)}\n`).join("");
}

function headLine({
  expName,
  state,
  reached,
  seconds,
  envSteps,
  episodes,
  ...rest
}: Shown): string {
  const { learnerStep } = rest.counters;
  const goal = reached ? ", the goal is reached" : "";
  const value = rest.return === null ? "none yet" : rest.return.toFixed(2);
  return `${expName} ${state}${goal}: return ${value}, ${envSteps} steps, ${episodes} episodes, learner at ${learnerStep}, ${timeText(seconds)}`;
}

function taskLine({ tasks, counters }: Shown): string {
  const told = Object.entries(tasks).filter(([, count]) => count > 0);
  const list = told.map(([state, count]) => `${count} ${state}`).join(", ") || "none";
  return `tasks: ${list}; ${counters.failures} attempts came to nothing`;
}

function bufferLines({ buffers }: Shown): string[] {
  return buffers.map(({ table, stats: { size, maxSize, samplesPerInsert } }) => {
    return `table ${table}: ${size} of ${maxSize} items, ${samplesPerInsert.toFixed(2)} samples per insert`;
  });
}

function workerLines({ workers }: Shown): string[] {
  if (workers.length === 0) return ["no workers: start some with ding slave --plugin FILE --join"];
  const head = ["worker", "role", "state", "steps", "version", "task"];
  const rows = workers.map(({ id, role, state, taskId = "", envSteps, policyVersion }) => [
    id,
    role,
    state,
    `${envSteps}`,
    `${policyVersion}`,
    taskId,
  ]);
  return columnsText([head, ...rows]);
}
