import { expect, test } from "bun:test";
import { manifestCheck } from "../../../../scripts/test-services/manifests.ts";
import { ding } from "../../../support/ding.ts";
import { testNeeding } from "../../../support/needs.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const checker = await manifestCheck();
const manifest = (words: string, more: string[] = []) =>
  ding(["task", "manifest", ...words.split(" "), ...more]);

test("ding task manifest --kind DIJob prints what DI-engine's documentation shows", async () => {
  const { code, stdout } = await manifest(
    "--kind DIJob --name test --replicas 3 --image opendilab/ding:latest --env PYTHONUNBUFFERED=1 --cpu 6 --memory 10Gi",
    ["--command", "ding task --package my_module --main my_module.main --parallel-workers 2"],
  );
  expect(code).toBe(0);
  const amounts = { cpu: 6, memory: "10Gi" };
  expect(Bun.YAML.parse(stdout)).toEqual({
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
              resources: { requests: amounts, limits: amounts },
              command: ["/bin/bash", "-c"],
              args: ["ding task --package my_module --main my_module.main --parallel-workers 2"],
            },
          ],
        },
      },
    },
  });
});

test("ding task manifest says what cannot be, and writes no manifest", async () => {
  const cases: [string, string][] = [
    ["--image my:1 --main m --name Upper", 'Cannot use --name: "Upper"'],
    ["--image my:1 --main m --tasks learner=1", "Cannot make a Job: --min-replicas, --max-rep"],
    ["--image my:1 --kind DIJob --main m --tasks none=1", 'Cannot use --tasks: "none=1"'],
    ["--image my:1", "Cannot make a manifest: nothing says what it runs"],
    ["--image my:1 --main m --command date", "Cannot use --main with --command"],
    ["--image my:1 --main m --env DING_TOKEN=x", "Cannot use --env DING_TOKEN"],
    ["--kind Job", "--image"],
  ];
  const slip = await ding(["task", "manifset"]);
  expect(slip.stderr).toContain('Did you mean "ding task manifest"?');
  const results = await Promise.all(cases.map(([words]) => manifest(words)));
  for (const [at, { code, stdout, stderr }] of results.entries()) {
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(cases[at]?.[1] ?? "");
  }
});

testNeeding("skipped" in checker ? checker.skipped : undefined)(
  "ding task manifest --kind Job prints what Kubernetes takes, to the last word",
  async () => {
    if ("skipped" in checker) throw new Error(checker.skipped);
    await using folder = await tempFolder();
    const words =
      "--image my:1 --main m.ts --replicas 2 --gpus 1 --cpu 500m --drain-timeout-ms 60000";
    const { stdout } = await manifest(words);
    const documents = await checker.check("k8s", await folder.write("job.yaml", stdout));
    expect(documents.map((one) => (one as { kind: string }).kind)).toEqual(["Service", "Job"]);
  },
);
