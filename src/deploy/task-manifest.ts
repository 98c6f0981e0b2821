import { shellLine, valueOf, type TaskWords } from "./task-words.ts";
import { yamlText, type YamlValue } from "./yaml.ts";

/** A `ding task` that runs in the pods of a cluster. */
export interface TaskInPods extends TaskWords {
  name: string;
  image: string;
  /** Of the variables of its container, in their order. */
  env: [name: string, value: string][];
  /** Requested, and the limit: "6", "10Gi". */
  resources: { cpu?: string | undefined; memory?: string | undefined; gpu?: number | undefined };
  imagePullPolicy?: "Always" | "IfNotPresent" | "Never" | undefined;
  /** What the container runs, for a shell; undefined for `ding task` with the words. */
  command?: string | undefined;
  /** It listens beyond its pod, and strangers are not let in: the token comes from a secret. */
  needsToken: boolean;
  /** Seconds that it may take to come to its end. */
  stopTimeoutS: number;
}

/** A part of a DIJob, whose pods have one template. */
export interface DIJobTask {
  type: "learner" | "collector" | "evaluator" | "none";
  name?: string | undefined;
  replicas: number;
}

/** How many pods a DIJob has: any of a range, or so many of each kind. */
export type DIJobSize = { minReplicas: number; maxReplicas: number } | { tasks: DIJobTask[] };

const DIJOB = { apiVersion: "diengine.opendilab.org/v2alpha1", kind: "DIJob" };
const CONTAINER = "di-container";
const PORT = 50_515;
const DEFAULT_STOP_S = 30;

/** A DIJob: its operator tells each pod where all of them are. */
export function dijobManifest(what: TaskInPods, size: DIJobSize): string {
  const spec =
    "tasks" in size
      ? { tasks: size.tasks.map((task) => dijobTask(what, task)) }
      : { ...size, template: { spec: podSpec(what, {}) } };
  return `${head(what, ["DI-orchestrator must be installed in the cluster."])}${yamlText({
    ...DIJOB,
    metadata: { name: what.name },
    spec,
  })}`;
}

function dijobTask(what: TaskInPods, { type, name, replicas }: DIJobTask): YamlValue {
  const labels = [...(valueOf(what, "--labels")?.split(",") ?? []), name ?? type];
  const words: TaskWords["words"] = [
    ...what.words.filter(([flag]) => flag !== "--labels"),
    ["--labels", [...new Set(labels)].join(",")],
  ];
  const own = type === "none" && name === undefined ? what : { ...what, words };
  return { type, name, replicas, template: { spec: podSpec(own, {}) } };
}

/** An Indexed Job, and the headless service by which its pods find each other; a pod that is made again has its rank. */
export function indexedJobManifest(what: TaskInPods, replicas: number): string {
  const { name } = what;
  const labels = { "app.kubernetes.io/name": name };
  const port = Number(valueOf(what, "--ports")?.split(",")[0] ?? PORT);
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, labels },
    spec: {
      clusterIP: "None",
      selector: labels,
      // Pods are found before they are ready: they become so together.
      publishNotReadyAddresses: true,
      ports: [{ name: "ding", port, targetPort: port, protocol: "TCP" }],
    },
  };
  const nodes = Array.from({ length: replicas }, (_, index) => `${name}-${index}.${name}`).join(
    ",",
  );
  const isListed = nodes.length <= LONGEST_VARIABLE;
  const inPod = isListed
    ? podSpec(what, { DI_NODES: nodes })
    : podSpec(countedNodes(what, replicas), {});
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels },
    spec: {
      completionMode: "Indexed",
      completions: replicas,
      parallelism: replicas,
      backoffLimit: 3 * replicas,
      template: {
        metadata: { labels },
        spec: {
          subdomain: name,
          restartPolicy: "OnFailure",
          automountServiceAccountToken: false,
          ...inPod,
        },
      },
    },
  };
  return `${head(what, [])}${yamlText(service)}---\n${yamlText(job)}`;
}

/** Linux starts no program with a longer one: 128 KiB with its name. */
const LONGEST_VARIABLE = 100_000;
/** More are waited for by nobody. */
const MOST_NODES = 10_000;

/** Pods know each other by their names: only how many there are has to be said. */
function countedNodes(what: TaskInPods, replicas: number): TaskInPods {
  if (valueOf(what, "--expect-nodes") !== undefined) return what;
  const nodes = Math.min(MOST_NODES, replicas * Number(valueOf(what, "--parallel-workers") ?? 1));
  return { ...what, words: [...what.words, ["--expect-nodes", String(nodes)]] };
}

/** The longest name whose pods still have names. */
export const LONGEST_POD_OWNER = 50;

function head({ name, needsToken }: TaskInPods, more: readonly string[]): string {
  const lines = [
    "Runs `ding task` in a cluster: kubectl apply -f FILE",
    ...more,
    ...(needsToken
      ? [
          "Only who shows a token can join. It comes from a secret; make it first:",
          `  kubectl create secret generic ${name}-token --from-literal=token="$(openssl rand -hex 32)"`,
        ]
      : []),
  ];
  return lines.map((line) => `# ${line}\n`).join("");
}

function podSpec(
  what: TaskInPods,
  more: Record<string, string>,
): { [key: string]: YamlValue | undefined } {
  const { stopTimeoutS } = what;
  return {
    terminationGracePeriodSeconds: stopTimeoutS > DEFAULT_STOP_S ? stopTimeoutS : undefined,
    containers: [
      {
        name: CONTAINER,
        image: what.image,
        imagePullPolicy: what.imagePullPolicy,
        env: environment(what, more),
        resources: resources(what),
        readinessProbe: readiness(what),
        command: ["/bin/bash", "-c"],
        args: [escaped(what.command ?? commandOf(what))],
      },
    ],
  };
}

/** It takes the shell's place, so that it hears when it is to stop. */
function commandOf(what: TaskInPods): string {
  const words: TaskWords["words"] = what.words.filter(([flag]) => flag !== "--platform");
  words.push(["--platform", "k8s"]);
  if (valueOf(what, "--topology") === undefined) words.push(["--topology", "mesh"]);
  return shellLine(["exec", "ding", "task"], { words });
}

function environment(
  { env, name, needsToken }: TaskInPods,
  more: Record<string, string>,
): YamlValue[] | undefined {
  // Said twice, the last word counts; what a person says goes before what is ours.
  const named = new Map([...env, ...Object.entries(more), ...env]);
  const all: YamlValue[] = [...named].map(([key, value]) => ({ name: key, value: escaped(value) }));
  if (needsToken) {
    const secretKeyRef = { name: `${name}-token`, key: "token" };
    all.push({ name: "DING_TOKEN", valueFrom: { secretKeyRef } });
  }
  return all.length > 0 ? all : undefined;
}

function resources({ resources: { cpu, memory, gpu } }: TaskInPods): YamlValue | undefined {
  const amounts = {
    cpu: cpu === undefined || !/^\d+$/.test(cpu) ? cpu : Number(cpu),
    memory,
    "nvidia.com/gpu": gpu,
  };
  const isEmpty = Object.values(amounts).every((amount) => amount === undefined);
  return isEmpty ? undefined : { requests: amounts, limits: amounts };
}

/** The pod's first node is asked; one that wants to see a certificate would not answer. */
function readiness(what: TaskInPods): YamlValue | undefined {
  const port = Number(valueOf(what, "--health-port") ?? 0);
  if (port === 0 || what.command !== undefined || valueOf(what, "--tls-ca")) return undefined;
  const scheme = valueOf(what, "--tls-cert") ? "HTTPS" : undefined;
  return { httpGet: { path: "/health/ready", port, scheme } };
}

/** Kubernetes replaces `$(NAME)` in commands and variables. */
function escaped(text: string): string {
  return text.replaceAll("$(", () => "$$(");
}
