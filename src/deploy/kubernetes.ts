import { argumentsIn, commentText, PROBE_PERIOD_S, programIn } from "./container.ts";
import { type ContainedProgram, stopTimeoutS } from "./kept-program.ts";
import { yamlText, type YamlValue } from "./yaml.ts";

const NODE_VARIABLE = "NODE_NAME";
const START_PERIOD_S = 5;

/** What is wrong with a name for a Deployment and a Service, as a hint; undefined if nothing. */
export function faultOfKubernetesName(name: string): string | undefined {
  if (/^[a-z]([a-z\d-]{0,61}[a-z\d])?$/.test(name)) return undefined;
  return "Kubernetes wants small letters, digits and -, a letter first, 63 at most";
}

/** A Deployment and a Service that keep the program running in a cluster. */
export function kubernetesManifest(what: ContainedProgram): string {
  const { name } = what;
  const labels = { "app.kubernetes.io/name": name };
  const metadata = { name, labels };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { replicas: 1, selector: { matchLabels: labels }, template: template(what, labels) },
  };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: {
      selector: labels,
      ports: [{ name: scheme(what), port: what.port, targetPort: scheme(what), protocol: "TCP" }],
    },
  };
  return `${head(what)}\n${yamlText(deployment)}---\n${yamlText(service)}`;
}

function head(what: ContainedProgram): string {
  const { name, title, image, tokenFile } = what;
  const token = commentText(tokenFile ?? "./token");
  return [
    `# Keeps the ${title} "${name}" running in a cluster: kubectl apply -f FILE`,
    ...(needsToken(what)
      ? [
          "# The token that callers must show comes from a secret; make it first:",
          `#   kubectl create secret generic ${secretOf(what)} --from-file=token='${token}'`,
        ]
      : []),
    ...(image === undefined
      ? [
          "# The program and its files are mounted from the node: every node that may run it needs them at",
          "# these paths. With --image they come from an image instead.",
        ]
      : [
          `# The image ${commentText(image)} has ding on its PATH, and the files below at their paths.`,
        ]),
    "# What it needs of CPU and memory, only a measurement can tell: add it under `resources`.",
  ].join("\n");
}

function template(what: ContainedProgram, labels: Record<string, string>): YamlValue {
  return {
    metadata: { labels },
    spec: {
      terminationGracePeriodSeconds: stopTimeoutS(what.drainTimeoutMs),
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: what.userId,
        runAsGroup: what.groupId,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [container(what)],
      volumes: what.image === undefined ? volumes(what) : undefined,
    },
  };
}

function container(what: ContainedProgram): YamlValue {
  const isMounted = what.image === undefined;
  const usesNode = what.args.some((one) => typeof one !== "string" && one.kind === "with-host");
  return {
    name: what.name,
    image: what.image ?? what.plainImage,
    command: programIn(what).map(escaped),
    args: argumentsIn(what.args, {
      escape: escaped,
      host: `$(${NODE_VARIABLE})`,
      tokenFile: undefined,
    }),
    workingDir: what.folder,
    env: environment(what, usesNode),
    ports: [{ name: scheme(what), containerPort: what.port, protocol: "TCP" }],
    ...probes(what),
    resources: resources(what),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: isMounted
      ? what.mounts.map(({ path, isWritten }, at) => ({
          name: volumeName(at),
          mountPath: path,
          readOnly: !isWritten,
        }))
      : undefined,
  };
}

function environment(what: ContainedProgram, usesNode: boolean): YamlValue | undefined {
  const token = {
    name: "DING_TOKEN",
    valueFrom: { secretKeyRef: { name: secretOf(what), key: "token" } },
  };
  const node = {
    name: NODE_VARIABLE,
    valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } },
  };
  const all = [...(needsToken(what) ? [token] : []), ...(usesNode ? [node] : [])];
  return all.length > 0 ? all : undefined;
}

/** Until it listens, being slow is no fault; then a silent one is started again, but none that waits for others. */
function probes(what: ContainedProgram): Record<string, YamlValue> {
  const limit = Math.ceil(what.startTimeoutMs / 1000 / START_PERIOD_S);
  return {
    startupProbe: {
      ...probe(what, "/health/live"),
      periodSeconds: START_PERIOD_S,
      failureThreshold: Math.max(1, limit),
    },
    readinessProbe: { ...probe(what, "/health/ready"), periodSeconds: PROBE_PERIOD_S },
    livenessProbe: {
      ...probe(what, "/health/live"),
      periodSeconds: PROBE_PERIOD_S,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
  };
}

function probe(what: ContainedProgram, path: string): Record<string, YamlValue> {
  // The kubelet has no certificate to show: it only sees whether somebody listens.
  if (what.tls === "mutual") return { tcpSocket: { port: scheme(what) } };
  return { httpGet: { path, port: scheme(what), scheme: scheme(what).toUpperCase() } };
}

/** All GPUs up to the highest: inside they are counted from 0 again. */
function resources({ gpus }: ContainedProgram): YamlValue | undefined {
  return gpus.length === 0 ? undefined : { limits: { "nvidia.com/gpu": Math.max(...gpus) + 1 } };
}

function volumes({ mounts }: ContainedProgram): YamlValue {
  return mounts.map(({ path, isFolder }, at) => ({
    name: volumeName(at),
    hostPath: { path, type: isFolder ? "Directory" : "File" },
  }));
}

function volumeName(at: number): string {
  return `files-${at}`;
}

function needsToken({ tokenFile, needsTokenVariable }: ContainedProgram): boolean {
  return needsTokenVariable || tokenFile !== undefined;
}

function secretOf({ name }: ContainedProgram): string {
  return `${name}-token`;
}

function scheme({ tls }: ContainedProgram): string {
  return tls === "none" ? "http" : "https";
}

/** Kubernetes replaces `$(NAME)` in a command. */
function escaped(text: string): string {
  return text.replaceAll("$", () => "$$");
}
