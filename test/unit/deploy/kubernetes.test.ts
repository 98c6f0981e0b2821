import { describe, expect, test } from "bun:test";
import type { ContainedProgram } from "../../../src/deploy/kept-program.ts";
import { faultOfKubernetesName, kubernetesManifest } from "../../../src/deploy/kubernetes.ts";
import { containedProgram } from "../../support/contained-program.ts";

interface Pod extends Record<string, unknown> {
  containers: Record<string, unknown>[];
}

/** The pod of the Deployment, its container, and the Service. */
function read(what: Partial<ContainedProgram> = {}): {
  pod: Pod;
  container: Record<string, unknown>;
  service: unknown;
} {
  const [deployment, service] = Bun.YAML.parse(kubernetesManifest(containedProgram(what))) as [
    { spec: { template: { spec: Pod } } },
    unknown,
  ];
  const pod = deployment.spec.template.spec;
  return { pod, container: pod.containers[0] ?? {}, service };
}

describe("kubernetesManifest()", () => {
  test("runs the program from the node's files, not as root, and lets it finish", () => {
    const { pod, container, service } = read();
    expect(pod).toMatchObject({
      terminationGracePeriodSeconds: 41,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 100 },
      volumes: [
        { name: "files-0", hostPath: { path: "/srv/my models", type: "Directory" } },
        { name: "files-1", hostPath: { path: "/opt/it's ding/ding", type: "File" } },
      ],
    });
    expect(container).toMatchObject({
      image: "debian:stable-slim",
      command: ["/opt/it's ding/ding"],
      workingDir: "/srv/my models",
      ports: [{ name: "http", containerPort: 8900 }],
      startupProbe: { httpGet: { path: "/health/live" }, periodSeconds: 5, failureThreshold: 60 },
      readinessProbe: { httpGet: { path: "/health/ready", port: "http", scheme: "HTTP" } },
      livenessProbe: { httpGet: { path: "/health/live" } },
      volumeMounts: [
        { name: "files-0", mountPath: "/srv/my models", readOnly: false },
        { name: "files-1", readOnly: true },
      ],
    });
    expect(container).not.toHaveProperty("resources");
    expect(service).toMatchObject({
      kind: "Service",
      spec: { selector: { "app.kubernetes.io/name": "ocr" }, ports: [{ port: 8900 }] },
    });
  });

  test("keeps Kubernetes from replacing anything but the node's name", () => {
    const { container } = read();
    expect(container["args"]).toEqual([
      "serve",
      "--plugin=/srv/my models/a.ts",
      "$$HOME $$(id) $${X} $$$$ 100%",
      "a\nb",
      "",
      "no",
      "ü ✓ 😀\u2028\u0085",
      "--name=ocr@$(NODE_NAME)",
    ]);
    expect(container["env"]).toEqual([
      { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    ]);
  });

  test("takes the token from a secret, whose making it explains", () => {
    const args = [{ kind: "with-token-file" as const, text: "--token-file=" }];
    for (const what of [
      { tokenFile: "/etc/ding/token", args },
      { needsTokenVariable: true, args },
    ]) {
      expect(read(what).container).toMatchObject({
        args: [],
        env: [
          {
            name: "DING_TOKEN",
            valueFrom: { secretKeyRef: { name: "ocr-token", key: "token" } },
          },
        ],
      });
    }
    expect(kubernetesManifest(containedProgram({ tokenFile: "/etc/ding/token" }))).toContain(
      "#   kubectl create secret generic ocr-token --from-file=token='/etc/ding/token'\n",
    );
  });

  test("asks by TLS, or only whether somebody listens", () => {
    expect(read({ tls: "server" }).container).toMatchObject({
      livenessProbe: { httpGet: { port: "https", scheme: "HTTPS" } },
    });
    expect(read({ tls: "mutual" }).container).toMatchObject({
      livenessProbe: { tcpSocket: { port: "https" } },
    });
  });

  test("takes the files from an image, and as many GPUs as their numbers need", () => {
    const { pod, container } = read({ image: "registry/ocr:1", gpus: [1] });
    expect(pod).not.toHaveProperty("volumes");
    expect(container).toMatchObject({
      image: "registry/ocr:1",
      command: ["ding"],
      resources: { limits: { "nvidia.com/gpu": 2 } },
    });
    expect(container).not.toHaveProperty("volumeMounts");
  });
});

test.each([
  ["ocr", true],
  ["a", true],
  ["ocr-2", true],
  ["2ocr", false],
  ["OCR", false],
  ["o_c", false],
  ["o.c", false],
  ["ocr-", false],
  ["o".repeat(64), false],
])("faultOfKubernetesName(%p) finds what a cluster would refuse", (name, isGood) => {
  expect(faultOfKubernetesName(name) === undefined).toBe(isGood);
});
