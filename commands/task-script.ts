import { resolve } from "node:path";
import { z } from "zod";
import { slurmScript } from "../src/deploy/slurm-script.ts";
import { selfCommand } from "../src/runtime/self.ts";
import { command } from "./_command.ts";
import {
  checkProgram,
  checkShared,
  NOT_SCRIPTED,
  scriptedTaskOptions,
  taskWords,
} from "./_task-words.ts";

const JOB = "Job";

/** Options of sbatch that a person often needs, in its own spelling. */
const jobOptions = {
  nodes: count("Nodes of the cluster", "N").optional(),
  ntasks: count("Launches altogether, each with its --parallel-workers").optional(),
  ntasksPerNode: count("Launches on each node").optional(),
  cpusPerTask: count("CPUs of each launch").optional(),
  gpusPerTask: count("GPUs of each launch").optional(),
  mem: word("Memory on each node: 10G", "SIZE").optional(),
  time: word("The longest that it may run: 1-12:00:00", "TIME").optional(),
  partition: word("Partition", "NAME").optional(),
  account: word("Whose account is charged", "NAME").optional(),
  output: z
    .string()
    .optional()
    .describe("File of its output; slurm-JOB.out if not given")
    .meta({ group: JOB, flagOnly: true, placeholder: "FILE" }),
};

const scriptOptions = z.object({
  jobName: z
    .string()
    .regex(/^[\w.-]+$/, "use letters, digits, dots, _ and -")
    .default("ding-task")
    .describe("Name of the job")
    .meta({ group: JOB, flagOnly: true, placeholder: "NAME", aliases: ["name"] }),
  ...jobOptions,
  sbatch: z
    .array(z.string().regex(/^[a-z][\w-]*(=.*)?$/, "write NAME=VALUE, without dashes"))
    .default([])
    .describe("Any other option of sbatch: exclusive, constraint=a100")
    .meta({ group: JOB, flagOnly: true, placeholder: "NAME=VALUE" }),
  folder: z
    .string()
    .optional()
    .describe("Folder it runs in; the current one if not given")
    .meta({ group: JOB, flagOnly: true, placeholder: "FOLDER" }),
  ...scriptedTaskOptions(),
  platform: z
    .enum(["slurm"])
    .default("slurm")
    .describe("What starts the launches")
    .meta({ group: "Platform", flagOnly: true }),
});

/** `ding task script`: prints what sbatch takes. */
export const taskScript = command(
  {
    name: "task script",
    description: "Print a script that runs a program as a job of Slurm",
    examples: [
      "ding task script --platform slurm --main ./main.ts --nodes 2 --ntasks-per-node 2 > job.sh",
      "ding task script --platform slurm --main ./main.ts --ntasks 8 --time 12:00:00 | sbatch",
    ],
    options: scriptOptions,
    otherKeys: ["platform"],
  },
  async (options, given) => {
    const { tokenFile, insecure, sbatch } = options;
    if (given.config === undefined) {
      checkProgram(given, { word: "script", hint: "Pass --main ./main.ts, or --package FOLDER." });
    }
    const { nodes = 1, ntasksPerNode = 1, ntasks = nodes * ntasksPerNode } = options;
    checkShared(options, ntasks);
    const directives = Object.keys(jobOptions).flatMap((key): [string, string][] => {
      const value = options[key as keyof typeof jobOptions];
      return value === undefined ? [] : [[dashed(key), String(value)]];
    });
    const { words } = taskWords(options, given, [...NOT_SCRIPTED, "tokenFile"]);
    if (tokenFile !== undefined) words.push(["--token-file", resolve(tokenFile)]);
    if (given.config !== undefined) words.push(["--config", resolve(given.config)]);
    const others = sbatch.map((one): [string, string] => {
      const [name = "", ...value] = one.split("=");
      return [name, value.join("=")];
    });
    const script = slurmScript({
      name: options.jobName,
      program: selfCommand(),
      folder: resolve(options.folder ?? "."),
      directives: [...directives, ...others],
      makesToken: tokenFile === undefined && !insecure,
      words,
    });
    process.stdout.write(script);
  },
);

function count(text: string, placeholder = "N") {
  return z.int().min(1).describe(text).meta({ group: JOB, flagOnly: true, placeholder });
}

function word(text: string, placeholder: string) {
  return z
    .string()
    .regex(/^[\w.,:+-]+$/, "use letters, digits and . , : + -")
    .describe(text)
    .meta({ group: JOB, flagOnly: true, placeholder });
}

function dashed(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
