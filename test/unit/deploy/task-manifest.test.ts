import { expect, test } from "bun:test";
import { Job } from "kubernetes-models/batch/v1";
import { Pod, Service } from "kubernetes-models/v1";
import {
  dijobManifest,
  indexedJobManifest,
  type TaskInPods,
} from "../../../src/deploy/task-manifest.ts";

const WHAT: TaskInPods = {
  name: "test",
  image: "opendilab/ding:latest",
  imagePullPolicy: "Always",
  env: [["PYTHONUNBUFFERED", "1"]],
  resources: { cpu: "6", memory: "10Gi" },
  words: [
    ["--package", "my_module"],
    ["--main", "my_module.main"],
    ["--parallel-workers", "2"],
  ],
  needsToken: false,
  stopTimeoutS: 20,
};
const COMMAND =
  "exec ding task --package my_module --main my_module.main --parallel-workers 2 --platform k8s --topology mesh";

interface DIJob {
  spec: {
    template?: { spec: PodSpec };
    tasks?: { type: string; name?: string; replicas: number; template: { spec: PodSpec } }[];
  };
}
interface PodSpec {
  containers: { args: string[]; env?: { name: string }[]; readinessProbe?: unknown }[];
}

/** What a real YAML parser reads. */
function read<T>(text: string): T {
  return Bun.YAML.parse(text) as T;
}

/** Throws where it is against the API's schema. */
function checkPod(spec: PodSpec): void {
  const pod = { metadata: { name: "x" }, spec } as unknown as ConstructorParameters<typeof Pod>[0];
  new Pod(pod).validate();
}

test("indexedJobManifest() asks for readiness on --health-port, and nothing where Kubernetes could not", () => {
  const probeOf = (...words: TaskInPods["words"]): unknown => {
    const text = indexedJobManifest({ ...WHAT, words: [...WHAT.words, ...words] }, 1);
    const job = read<{ spec: { template: { spec: PodSpec } } }>(text.split("---\n")[1] ?? "");
    checkPod(job.spec.template.spec);
    return job.spec.template.spec.containers[0]?.readinessProbe;
  };
  const httpGet = { path: "/health/ready", port: 9_200 };
  expect(probeOf(["--health-port", "9200"])).toEqual({ httpGet });
  const tls: [string, string] = ["--tls-cert", "c.pem"];
  expect(probeOf(["--health-port", "9200"], tls)).toEqual({
    httpGet: { ...httpGet, scheme: "HTTPS" },
  });
  expect(probeOf(["--health-port", "9200"], tls, ["--tls-ca", "ca.pem"])).toBeUndefined();
  expect([probeOf(), probeOf(["--health-port", "0"])]).toEqual([undefined, undefined]);
});

test("dijobManifest() with a range of replicas is what the documentation has", () => {
  const job = read<DIJob>(dijobManifest(WHAT, { minReplicas: 3, maxReplicas: 3 }));
  const resources = { cpu: 6, memory: "10Gi" };
  expect(job as unknown).toEqual({
    apiVersion: "diengine.opendilab.org/v2alpha1",
    kind: "DIJob",
    metadata: { name: "test" },
    spec: {
      minReplicas: 3,
      maxReplicas: 3,
      template: {
        spec: {
          containers: [
            {
              name: "di-container",
              image: "opendilab/ding:latest",
              imagePullPolicy: "Always",
              env: [{ name: "PYTHONUNBUFFERED", value: "1" }],
              resources: { requests: resources, limits: resources },
              command: ["/bin/bash", "-c"],
              args: [COMMAND],
            },
          ],
        },
      },
    },
  });
  checkPod(job.spec.template?.spec ?? { containers: [] });
});

test("dijobManifest() with tasks has a template for each, whose nodes have its name as a label", () => {
  const words: TaskInPods["words"] = [...WHAT.words, ["--labels", "mine"], ["--topology", "star"]];
  const text = dijobManifest(
    { ...WHAT, words },
    {
      tasks: [
        { type: "learner", replicas: 1 },
        { type: "none", name: "helper", replicas: 2 },
      ],
    },
  );
  const { tasks = [] } = read<DIJob>(text).spec;
  expect(tasks.map(({ type, name, replicas }) => [type, name, replicas])).toEqual([
    ["learner", undefined, 1],
    ["none", "helper", 2],
  ]);
  expect(tasks.map(({ template }) => template.spec.containers[0]?.args[0])).toEqual([
    expect.stringMatching(/ --topology star --labels mine,learner --platform k8s$/),
    expect.stringMatching(/ --topology star --labels mine,helper --platform k8s$/),
  ]);
  for (const { template } of tasks) checkPod(template.spec);
});

test("indexedJobManifest() is a Job and a headless Service by which its pods find each other", () => {
  const what = { ...WHAT, needsToken: true, resources: { gpu: 2, cpu: "500m" }, stopTimeoutS: 100 };
  const [service, job] = read<[Record<string, unknown>, Record<string, unknown>]>(
    indexedJobManifest(what, 3),
  );
  new Service(service as unknown as ConstructorParameters<typeof Service>[0]).validate();
  new Job(job as unknown as ConstructorParameters<typeof Job>[0]).validate();
  const labels = { "app.kubernetes.io/name": "test" };
  expect(service).toMatchObject({
    metadata: { name: "test" },
    spec: { clusterIP: "None", selector: labels, publishNotReadyAddresses: true },
  });
  const amounts = { cpu: "500m", "nvidia.com/gpu": 2 };
  expect(job).toMatchObject({
    apiVersion: "batch/v1",
    spec: {
      completionMode: "Indexed",
      completions: 3,
      parallelism: 3,
      template: {
        metadata: { labels },
        spec: {
          subdomain: "test",
          terminationGracePeriodSeconds: 100,
          containers: [
            {
              env: [
                { name: "PYTHONUNBUFFERED", value: "1" },
                { name: "DI_NODES", value: "test-0.test,test-1.test,test-2.test" },
                {
                  name: "DING_TOKEN",
                  valueFrom: { secretKeyRef: { name: "test-token", key: "token" } },
                },
              ],
              resources: { requests: amounts, limits: amounts },
            },
          ],
        },
      },
    },
  });
});

test("indexedJobManifest() of more pods than a variable can name says how many there are", () => {
  const [, job] = read<[unknown, { spec: { template: { spec: PodSpec } } }]>(
    indexedJobManifest({ ...WHAT, name: "a-longer-name", env: [] }, 4_800),
  );
  expect(job.spec.template.spec.containers[0]?.env).toBeUndefined();
  expect(job.spec.template.spec.containers[0]?.args[0]).toContain(" --expect-nodes 9600 ");
});

test("a variable that is said twice is there once: the last word, before what would be ours", () => {
  const env: TaskInPods["env"] = [
    ["A", "1"],
    ["DI_NODES", "mine"],
    ["A", "2"],
  ];
  const [, job] = read<[unknown, { spec: { template: { spec: PodSpec } } }]>(
    indexedJobManifest({ ...WHAT, env }, 2),
  );
  expect(job.spec.template.spec.containers[0]?.env as unknown).toEqual([
    { name: "A", value: "2" },
    { name: "DI_NODES", value: "mine" },
  ]);
});

test("a command and variables are taken as they are: neither shell nor Kubernetes changes them", () => {
  const env: TaskInPods["env"] = [["WORDS", 'a "b" $(HOME) ${X}: #']];
  const given = { ...WHAT, env, command: "python -c 'print(\"$(POD)\")'" };
  const own = read<DIJob>(dijobManifest(given, { minReplicas: 1, maxReplicas: 1 }));
  expect(own.spec.template?.spec.containers[0]).toMatchObject({
    env: [{ value: 'a "b" $$(HOME) ${X}: #' }],
    args: ["python -c 'print(\"$$(POD)\")'"],
  });
  const words: TaskInPods["words"] = [["--main", "it's mine.ts"]];
  const quoted = read<DIJob>(dijobManifest({ ...WHAT, words }, { minReplicas: 1, maxReplicas: 1 }));
  expect(quoted.spec.template?.spec.containers[0]?.args[0]).toContain(`--main 'it'\\''s mine.ts'`);
});
