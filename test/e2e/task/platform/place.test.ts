import { expect, test } from "bun:test";
import { ding } from "../../../support/ding.ts";
import { freePorts } from "../../../support/free-port.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MAIN = ["task", "--main", "examples/events/two-processes.ts"];

/** Where a launch would stand. */
async function plan(
  words: string[],
  env: Record<string, string>,
): Promise<
  { nodes: { nodeId: number; port: number }[]; attachTo: string[] } & Record<string, unknown>
> {
  const { code, stdout, stderr } = await ding([...MAIN, "--dry-run", ...words], { env });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as never;
}

test("--platform k8s with a specification in a file, as a DIJob's pod", async () => {
  await using folder = await tempFolder();
  const spec = await folder.write("spec.json", {
    tasks: [
      { node_ids: 10 },
      { node_ids: 11 },
      { node_ids: 20 },
      { labels: "learn", node_ids: 31, ports: 50000, attach_to: "$node.10,$node.11,$node.20" },
      { node_ids: 32 },
      { node_ids: 33 },
    ],
  });
  const env = {
    DI_NODES: "SH-0,SH-1,SH-2,SH-3,SH-4,SH-5",
    DI_RANK: "3",
    DING_TOKEN: "t".repeat(32),
  };
  const words = ["--platform", "k8s", "--platform-spec", spec, "--parallel-workers", "1"];
  expect(await plan(words, env)).toMatchObject({
    address: "SH-3",
    nodes: [{ nodeId: 31, port: 50_000 }],
    labels: ["learn"],
    attachTo: ["SH-0:50515", "SH-1:50515", "SH-2:50515"],
  });
});

test("--platform k8s gives a pod that was made again the rank of its name, and reads an Indexed Job", async () => {
  const words = ["--platform", "k8s", "--topology", "mesh"];
  const DI_NODES = "j-a-0.di-j.n.svc,j-b-0.di-j.n.svc,j-b-1.di-j.n.svc";
  const again = await plan(words, { DI_NODES, DI_RANK: "3", HOSTNAME: "j-b-0" });
  expect(again).toMatchObject({ nodes: [{ nodeId: 1 }], attachTo: ["j-a-0.di-j.n.svc:50515"] });
  const indexed = await plan(words, { JOB_COMPLETION_INDEX: "2", HOSTNAME: "train-2" });
  expect(indexed).toMatchObject({
    address: "train-2.train",
    nodes: [{ nodeId: 2 }],
    attachTo: ["train-0.train:50515", "train-1.train:50515"],
  });
});

test("--platform says what its environment lacks", async () => {
  const bare = { DI_NODES: undefined, SLURM_PROCID: undefined, JOB_COMPLETION_INDEX: undefined };
  for (const platform of ["k8s", "slurm"]) {
    const { code, stderr } = await ding([...MAIN, "--platform", platform], { env: bare });
    expect(code).toBe(2);
    expect(stderr).toContain(`Cannot use --platform ${platform}: `);
  }
  const bareSpec = await ding([...MAIN, "--platform-spec", "{}"]);
  expect([bareSpec.code, bareSpec.stderr]).toEqual([
    2,
    expect.stringContaining("Cannot use --platform-spec without --platform"),
  ]);
  const ipc = await ding([...MAIN, "--platform", "k8s", "--protocol", "ipc"], {
    env: { DI_NODES: "a,b", DI_RANK: "0" },
  });
  expect([ipc.code, ipc.stderr]).toEqual([2, expect.stringContaining("--protocol ipc")]);
  const spec = await ding([...MAIN, "--platform", "k8s", "--platform-spec", "{"], {
    env: { DI_NODES: "a", DI_RANK: "0" },
  });
  expect([spec.code, spec.stderr]).toEqual([2, expect.stringContaining("it is no JSON")]);
});

test("two launches of one DIJob on this machine meet", async () => {
  const port = await freePorts(2);
  const words = ["--platform", "k8s", "--topology", "mesh", "--ports", `${port}`];
  const run = (DI_RANK: string) =>
    ding([...MAIN, ...words], {
      env: { DI_NODES: "127.0.0.1,127.0.0.1", DI_RANK },
      timeoutMs: 60_000,
    });
  const [zero, one] = await Promise.all([run("0"), run("1")]);
  expect([zero.code, one.code, zero.stdout.split("\n").length]).toEqual([0, 0, 11]);
});
