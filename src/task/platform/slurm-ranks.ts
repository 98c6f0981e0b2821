import { readFileSync } from "node:fs";
import { DingError, messageOf } from "../../core/errors.ts";
import {
  neededVariable,
  variable,
  wholeNumber,
  type Environment,
  type Ranks,
} from "./environment.ts";
import { expandNodelist } from "./nodelist.ts";

const SLURM = {
  platform: "slurm",
  hint: "Start it in a job: srun -n 4 ding task --platform slurm …",
};

/**
 * Reads what `srun` tells each of its tasks: the step's variables before the job's. Throws `usage.invalid-option` for
 * what is missing or does not fit together.
 */
export function slurmRanks(env: Environment): Ranks {
  const rank = wholeNumber(neededVariable(env, ["SLURM_PROCID"], SLURM), "SLURM_PROCID");
  const count = wholeNumber(
    neededVariable(env, ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS"], SLURM),
    "SLURM_NTASKS",
  );
  const nodes = expandNodelist(
    neededVariable(env, ["SLURM_STEP_NODELIST", "SLURM_NODELIST", "SLURM_JOB_NODELIST"], SLURM),
  );
  if (rank >= count) throw misfit(`SLURM_PROCID is ${rank} of ${count} tasks`);
  const hosts = hostsOf(env, nodes, count);
  const here = variable(env, ["SLURMD_NODENAME"]);
  const host = hosts[rank];
  if (host === undefined) throw misfit(`there are ${hosts.length} places for ${count} tasks`);
  if (here !== undefined && here !== host) {
    // Where it runs is certain: it is the others that this run does not know.
    throw misfit(`task ${rank} runs on "${here}", but by the variables on "${host}"`);
  }
  return { rank, hosts, count };
}

/** The node of each task. */
function hostsOf(env: Environment, nodes: readonly string[], count: number): string[] {
  const [spread = "", size] = (variable(env, ["SLURM_DISTRIBUTION"]) ?? "").split(/[:,=]/);
  const plane = variable(env, ["SLURM_DIST_PLANESIZE"]) ?? size;
  if (spread === "arbitrary" && nodes.length > 1) return hostsOfList(env, count);
  const places = placesOf(env, nodes, count);
  if (spread === "cyclic") return dealt(nodes, places, 1);
  if (spread === "plane" && plane !== undefined) {
    return dealt(nodes, places, Math.max(1, wholeNumber(plane, "SLURM_DIST_PLANESIZE")));
  }
  return nodes.flatMap((node, at) => Array<string>(places[at] ?? 0).fill(node));
}

/** Of a list that a person has made; srun does not tell its tasks what `--nodelist` was. */
function hostsOfList(env: Environment, count: number): string[] {
  const list = variable(env, ["SLURM_ARBITRARY_NODELIST"]);
  const file = variable(env, ["SLURM_HOSTFILE"]);
  const text = list ?? (file === undefined ? "" : contentOf(file));
  const words = text.replaceAll(/#.*/g, "").split(/\s+/);
  const hosts = words.filter((word) => word !== "").flatMap(timesOf);
  if (hosts.length > 0) return hosts.slice(0, count);
  throw new DingError(
    "usage.invalid-option",
    "Cannot use --platform slurm: tasks are dealt out by a list, and Slurm does not tell which",
    {
      hint: "Set SLURM_HOSTFILE to a file of it, a node for each task, or SLURM_ARBITRARY_NODELIST.",
    },
  );
}

/** "n[1-2]", "n1*3" */
function timesOf(word: string): string[] {
  const [, nodes = word, times = "1"] = /^(.+)\*(\d{1,5})$/.exec(word) ?? [];
  return expandNodelist(nodes).flatMap((node) => Array<string>(Number(times)).fill(node));
}

/** Of a file that every node sees. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw misfit(`SLURM_HOSTFILE cannot be read: ${messageOf(error)}`);
  }
}

/** How many tasks each node has: "2(x2),1". */
function placesOf(env: Environment, nodes: readonly string[], count: number): number[] {
  const text = variable(env, ["SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"]);
  const told = text === undefined ? undefined : readPlaces(text);
  if (told && told.length === nodes.length && sum(told) === count) return told;
  const each = variable(env, ["SLURM_NTASKS_PER_NODE"]);
  if (each !== undefined) {
    // --ntasks-per-node is a most where --ntasks is given too.
    const most = wholeNumber(each, "SLURM_NTASKS_PER_NODE");
    return nodes.map((_, at) => Math.max(0, Math.min(most, count - at * most)));
  }
  const least = Math.floor(count / nodes.length);
  return nodes.map((_, at) => least + (at < count % nodes.length ? 1 : 0));
}

function readPlaces(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [, tasks, times = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim()) ?? [];
    if (tasks === undefined) throw misfit(`SLURM_TASKS_PER_NODE is "${text}"`);
    return Array<number>(Math.min(Number(times), 100_000)).fill(Number(tasks));
  });
}

/** Round and round, `size` at a time, as far as each node has room. */
function dealt(nodes: readonly string[], places: readonly number[], size: number): string[] {
  const left = [...places];
  const hosts: string[] = [];
  while (left.some((places) => places > 0)) {
    for (const [at, node] of nodes.entries()) {
      const taken = Math.min(size, left[at] ?? 0);
      left[at] = (left[at] ?? 0) - taken;
      hosts.push(...Array<string>(taken).fill(node));
    }
  }
  return hosts;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function misfit(why: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use --platform slurm: ${why}`, {
    hint: "Give --address, --ports, --node-ids and --attach-to instead, without --platform.",
  });
}
