import { describe, expect } from "bun:test";
import { manifestCheck } from "../../../scripts/test-services/manifests.ts";
import { composeFile } from "../../../src/deploy/compose.ts";
import type { ContainedProgram } from "../../../src/deploy/kept-program.ts";
import { kubernetesManifest } from "../../../src/deploy/kubernetes.ts";
import { containedProgram } from "../../support/contained-program.ts";
import { testNeeding } from "../../support/needs.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const checker = await manifestCheck();
const test = testNeeding("skipped" in checker ? checker.skipped : undefined);

/** The documents of a text, if the real schema has nothing against them. */
async function checked(kind: "compose" | "k8s", text: string): Promise<Record<string, unknown>[]> {
  if ("skipped" in checker) throw new Error(checker.skipped);
  await using folder = await tempFolder();
  return (await checker.check(kind, await folder.write("file.yaml", text))) as never;
}

const VARIANTS: [string, Partial<ContainedProgram>][] = [
  ["mounted files", {}],
  ["an image", { image: "registry.example:5000/ocr:1", mounts: [] }],
  ["a token file", { tokenFile: "/etc/it's $my/token" }],
  ["a token", { needsTokenVariable: true }],
  ["TLS and GPUs", { tls: "server", gpus: [2, 0], publishedHost: "0.0.0.0" }],
  ["callers' certificates", { tls: "mutual", publishedHost: "::1" }],
];

describe("composeFile()", () => {
  test("is a Compose file, whatever is in it", async () => {
    for (const [name, what] of VARIANTS) {
      const given = containedProgram(what);
      const [file, ...more] = await checked("compose", composeFile(given));
      expect([name, more]).toEqual([name, []]);
      expect(file?.["services"]).toHaveProperty(given.name);
    }
  });

  test("is refused by the check when it is none", async () => {
    const text = composeFile(containedProgram()).replace("  ocr:", "  ocr:\n    imagine: 1");
    expect(await checked("compose", text).catch(String)).toContain("imagine");
  });
});

describe("kubernetesManifest()", () => {
  test("is a Deployment and a Service, whatever is in them", async () => {
    for (const [name, what] of VARIANTS) {
      const documents = await checked("k8s", kubernetesManifest(containedProgram(what)));
      expect([name, ...documents.map(({ kind }) => kind)]).toEqual([name, "Deployment", "Service"]);
    }
  });

  test("is refused by the check when it is none", async () => {
    const text = kubernetesManifest(containedProgram());
    for (const [from, to] of [
      ["replicas: 1", 'replicas: "1"'],
      ["livenessProbe:", "liveProbe:"],
    ] as const) {
      const said = await checked("k8s", text.replace(from, to)).catch(String);
      expect(said).toContain("is not as its schema says");
    }
  });
});
