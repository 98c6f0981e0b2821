import { z } from "zod";
import { DingError } from "../src/core/errors.ts";
import { stopTimeoutS } from "../src/deploy/kept-program.ts";
import { faultOfKubernetesName } from "../src/deploy/kubernetes.ts";
import {
  dijobManifest,
  indexedJobManifest,
  LONGEST_POD_OWNER,
  type TaskInPods,
} from "../src/deploy/task-manifest.ts";
import { command, type Given } from "./_command.ts";
import { podsOf, sizeOf } from "./_dijob-size.ts";
import {
  checkProgram,
  checkShared,
  NOT_SCRIPTED,
  scriptedTaskOptions,
  taskWords,
} from "./_task-words.ts";

const MANIFEST = "Manifest";
const POD = "Pod";

const manifestOptions = z.object({
  kind: z
    .enum(["DIJob", "Job"])
    .default("Job")
    .describe("A DIJob of DI-orchestrator, or an Indexed Job of Kubernetes with its service")
    .meta({ group: MANIFEST, flagOnly: true }),
  name: z
    .string()
    .default("ding-task")
    .describe("Name of the job")
    .meta({ group: MANIFEST, flagOnly: true, placeholder: "NAME", aliases: ["job-name"] }),
  replicas: pods("Pods; 1 if not given"),
  minReplicas: pods("The fewest pods of a DIJob; --replicas if not given"),
  maxReplicas: pods("The most pods of a DIJob; --replicas if not given"),
  tasks: z
    .array(z.string())
    .default([])
    .describe("Parts of a DIJob: learner=1,collector=4,none:helper=1; each has its name as label")
    .meta({ group: MANIFEST, flagOnly: true, list: "words", placeholder: "TYPE[:NAME]=N,…" }),
  image: z
    .string()
    .regex(/^\w[\w./:@-]*$/, "use the name of an image")
    .describe("Image with ding and bash on its PATH, and the program")
    .meta({ group: POD, flagOnly: true, placeholder: "IMAGE" }),
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .optional()
    .describe("When the image is fetched; as Kubernetes decides it if not given")
    .meta({ group: POD, flagOnly: true }),
  env: z
    .array(z.string().regex(/^[A-Za-z_][\w.-]*=/, "write NAME=VALUE"))
    .default([])
    .describe("Variable of the container")
    .meta({ group: POD, flagOnly: true, placeholder: "NAME=VALUE" }),
  cpu: quantity("CPUs of each pod: 6, 500m"),
  memory: quantity("Memory of each pod: 10Gi"),
  gpus: z
    .int()
    .min(1)
    .optional()
    .describe("GPUs of each pod")
    .meta({ group: POD, flagOnly: true, aliases: ["gpu"] }),
  command: z
    .string()
    .optional()
    .describe("What the container runs, for a shell; ding task with the options below if not given")
    .meta({ group: POD, flagOnly: true, placeholder: "TEXT" }),
  ...scriptedTaskOptions(),
  platform: z
    .enum(["k8s"])
    .default("k8s")
    .describe("What starts the launches")
    .meta({ group: "Platform", flagOnly: true }),
});

type ManifestOptions = z.output<typeof manifestOptions>;

/** `ding task manifest`: prints what kubectl takes. */
export const taskManifest = command(
  {
    name: "task manifest",
    description: "Print manifests that run a program in pods of Kubernetes",
    examples: [
      "ding task manifest --image registry/my:1 --main ./main.ts --replicas 4 > job.yaml",
      "ding task manifest --kind DIJob --image registry/my:1 --main m.main --replicas 3 --cpu 6",
      "ding task manifest --kind DIJob --image my:1 --main m.main --tasks learner=1,collector=4",
    ],
    options: manifestOptions,
    otherKeys: ["platform"],
  },
  async (options, given) => {
    checkName(options);
    checkCommand(options, given);
    process.stdout.write(manifest(options, inPods(options, given)));
  },
);

function checkName({ kind, name }: ManifestOptions): void {
  // A Job's service has its name, and wants a letter first; that of a DIJob has a name of its own.
  const fault = faultOfKubernetesName(kind === "DIJob" ? `di-${name}` : name);
  if (fault === undefined && name.length <= LONGEST_POD_OWNER) return;
  const hint = fault ?? `Its pods' names are longer: ${LONGEST_POD_OWNER} letters at most`;
  throw usage(`Cannot use --name: "${name}"`, hint);
}

/** It is all that runs: what else was said of the program would be said in vain. */
function checkCommand({ command: text, env }: ManifestOptions, given: Given): void {
  const names = env.map((one) => one.split("=")[0]);
  if (names.includes("DING_TOKEN")) {
    throw usage("Cannot use --env DING_TOKEN: a manifest is no place for a secret", TOKEN_HINT);
  }
  if (text === undefined) {
    if (names.includes("DING_TASK_MAIN") || names.includes("DING_TASK_PACKAGE")) return;
    const hint = "Pass --main ./main.ts, --package FOLDER, or --command TEXT.";
    return checkProgram(given, { word: "manifest", hint });
  }
  const inVain = (["main", "package"] as const).find((key) => given.origins[key]?.from === "flag");
  if (inVain === undefined) return;
  throw usage(
    `Cannot use --${inVain} with --command: the command is all that runs`,
    "Leave one of them out.",
  );
}

const TOKEN_HINT =
  "Leave it out: it comes from a secret, made as the first lines of the manifest say.";

function manifest(options: ManifestOptions, what: TaskInPods): string {
  const { kind, minReplicas, maxReplicas, tasks, replicas = 1 } = options;
  if (kind === "DIJob") {
    const size = sizeOf(options);
    checkShared(options, podsOf(size));
    return dijobManifest(what, size);
  }
  if (minReplicas !== undefined || maxReplicas !== undefined || tasks.length > 0) {
    throw usage(
      "Cannot make a Job: --min-replicas, --max-replicas and --tasks are a DIJob's",
      "Pass --replicas N, or --kind DIJob.",
    );
  }
  checkShared(options, replicas);
  return indexedJobManifest(what, replicas);
}

function inPods(options: ManifestOptions, given: Given): TaskInPods {
  const { name, image, command: text, cpu, memory, gpus, insecure } = options;
  return {
    name,
    image,
    imagePullPolicy: options.imagePullPolicy ?? pullPolicyOf(image),
    command: text,
    env: options.env.map((one): [string, string] => {
      const [key = "", ...value] = one.split("=");
      return [key, value.join("=")];
    }),
    resources: { cpu, memory, gpu: gpus },
    needsToken: text === undefined && !insecure,
    stopTimeoutS: stopTimeoutS(options.drainTimeoutMs),
    // The token comes from a secret, whatever file it is in here.
    words: taskWords(options, given, [...NOT_SCRIPTED, "tokenFile"]).words,
  };
}

/** What Kubernetes does for such a name when nothing is said; said, nobody has to know. */
function pullPolicyOf(image: string): "Always" | undefined {
  const tag = image.split("/").at(-1) ?? "";
  return tag.includes("@") || (tag.includes(":") && !tag.endsWith(":latest"))
    ? undefined
    : "Always";
}

function pods(text: string) {
  return z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(text)
    .meta({ group: MANIFEST, flagOnly: true });
}

function quantity(text: string) {
  return z
    .string()
    .regex(
      /^\d+(\.\d+)?(m|[kMGTPE]i?|[eE][+-]?\d{1,2})?$/,
      "use a quantity of Kubernetes, such as 500m or 10Gi",
    )
    .optional()
    .describe(text)
    .meta({ group: POD, flagOnly: true, placeholder: "QUANTITY" });
}

function usage(message: string, hint: string): DingError {
  return new DingError("usage.invalid-option", message, { hint });
}
