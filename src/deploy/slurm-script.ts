import { quoteForShell } from "./quote.ts";
import { shellLines, valueOf, type TaskWords } from "./task-words.ts";

/** A `ding task` that runs as a job of Slurm. */
export interface SlurmJob extends TaskWords {
  name: string;
  /** The program and what its runtime needs before the arguments. */
  program: string[];
  /** Where it runs: an absolute path. */
  folder: string;
  /** What sbatch is told, by the names of its options: "nodes" → "2". */
  directives: [name: string, value: string][];
  /** Nobody has said where the token comes from: each job makes its own. */
  makesToken: boolean;
}

/** A script for sbatch that works as it is: one launch on each of the job's tasks, all in one mesh. */
export function slurmScript(job: SlurmJob): string {
  const { name, folder, directives, program, makesToken } = job;
  const said = new Set(directives.map(([option]) => option));
  const own: SlurmJob["directives"] = [
    ["job-name", name],
    ["chdir", folder],
  ];
  const options = [...own.filter(([option]) => !said.has(option)), ...directives];
  const hasPorts = valueOf(job, "--ports") !== undefined;
  const lines = [
    "#!/bin/bash",
    ...options.map(directive),
    "",
    `# Runs \`ding task\` on Slurm: sbatch FILE. Its output goes to slurm-JOB.out, if nobody says otherwise.`,
    "# scancel JOB lets the programs come to their end; Slurm's KillWait is how long they may take.",
    "set -eu",
    ...(makesToken ? TOKEN : []),
    ...(hasPorts ? [] : PORTS),
    "",
    `exec srun ${shellLines(program, { words: wordsOf(job) })}${hasPorts ? "" : ' \\\n    --ports "$ports"'}`,
  ];
  return `${lines.join("\n")}\n`;
}

const TOKEN = [
  "",
  "# Only who shows this token can join: it is made anew for each job, and srun hands it on.",
  'DING_TOKEN=${DING_TOKEN:-$(od -An -N32 -tx1 /dev/urandom | tr -d " \\n")}',
  "export DING_TOKEN",
];

const PORTS = [
  "",
  "# Jobs that share a node need ports of their own.",
  "ports=$((15151 + ${SLURM_JOB_ID:?give this script to sbatch} % 256 * 64))",
];

function wordsOf(job: SlurmJob): TaskWords["words"] {
  const words: TaskWords["words"] = [["task", "--platform", "slurm"]];
  if (valueOf(job, "--topology") === undefined) words.push(["--topology", "mesh"]);
  return [...words, ...job.words];
}

/** sbatch reads quotes as a shell does. */
function directive([option, value]: [string, string]): string {
  return `#SBATCH --${option}${value === "" ? "" : `=${quoteForShell(value)}`}`;
}
