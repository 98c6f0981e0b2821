import { expect, test } from "bun:test";
import { kubernetesRanks } from "../../../../src/task/platform/kubernetes-ranks.ts";
import { slurmRanks } from "../../../../src/task/platform/slurm-ranks.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const SLURM = { SLURM_NTASKS: "6", SLURM_NODELIST: "n[1-2]", SLURM_PROCID: "3" };

test.each([
  ["three a node, as told", { SLURM_NTASKS_PER_NODE: "3" }, "n1 n1 n1 n2 n2 n2"],
  ["evenly, when not told", {}, "n1 n1 n1 n2 n2 n2"],
  ["unevenly", { SLURM_TASKS_PER_NODE: "4,2" }, "n1 n1 n1 n1 n2 n2"],
  ["repeated counts", { SLURM_TASKS_PER_NODE: "3(x2)" }, "n1 n1 n1 n2 n2 n2"],
  ["in turns", { SLURM_DISTRIBUTION: "cyclic", SLURM_TASKS_PER_NODE: "4,2" }, "n1 n2 n1 n2 n1 n1"],
  ["in planes", { SLURM_DISTRIBUTION: "plane=2" }, "n1 n1 n2 n2 n1 n2"],
  [
    "by a list",
    { SLURM_DISTRIBUTION: "arbitrary", SLURM_ARBITRARY_NODELIST: "n2,n1,n1,n2,n2,n1" },
    "n2 n1 n1 n2 n2 n1",
  ],
  [
    "the step's before the job's",
    { SLURM_STEP_NODELIST: "n2", SLURM_STEP_NUM_TASKS: "4" },
    "n2 n2 n2 n2",
  ],
])("slurmRanks() places tasks %s", (_, more, hosts) => {
  expect(slurmRanks({ ...SLURM, ...more })).toEqual({
    rank: 3,
    hosts: hosts.split(" "),
    count: hosts.split(" ").length,
  });
});

test("slurmRanks() reads the list that srun was given in a file, and none of its own making", async () => {
  await using folder = await tempFolder();
  const env = { ...SLURM, SLURM_DISTRIBUTION: "arbitrary" };
  const SLURM_HOSTFILE = await folder.write("hosts", "n2 # first\nn1*2\n\nn2\nn[1-2]\n");
  expect(slurmRanks({ ...env, SLURM_HOSTFILE }).hosts.join(" ")).toBe("n2 n1 n1 n2 n1 n2");
  expect(() => slurmRanks(env)).toThrow("dealt out by a list, and Slurm does not tell which");
  const away = { ...env, SLURM_HOSTFILE: folder.file("none") };
  expect(() => slurmRanks(away)).toThrow("SLURM_HOSTFILE cannot be read");
  // On one node there is nothing to deal out.
  expect(slurmRanks({ ...env, SLURM_NODELIST: "n1" }).hosts).toEqual(Array(6).fill("n1"));
});

test("slurmRanks() knows three nodes that have only two in use", () => {
  const env = { ...SLURM, SLURM_NODELIST: "SH-IDC1-10-5-[38-40]", SLURM_NTASKS_PER_NODE: "3" };
  const ranks = slurmRanks({ ...env, SLURMD_NODENAME: "SH-IDC1-10-5-39" });
  expect(ranks.hosts[ranks.rank]).toBe("SH-IDC1-10-5-39");
});

test.each([
  ["SLURM_PROCID is not set", { SLURM_PROCID: undefined }],
  ["SLURM_STEP_NODELIST or SLURM_NODELIST", { SLURM_NODELIST: "" }],
  ['SLURM_PROCID: "x" is no number', { SLURM_PROCID: "x" }],
  ["is 7 of 6 tasks", { SLURM_PROCID: "7" }],
  ['SLURM_TASKS_PER_NODE is "many"', { SLURM_TASKS_PER_NODE: "many" }],
  ['runs on "n1", but', { SLURMD_NODENAME: "n1" }],
])("slurmRanks() says what does not fit: %s", (message, more) => {
  expect(() => slurmRanks({ ...SLURM, ...more })).toThrow(message);
});

const NODES =
  "j-a-0.di-j.ns.svc.cluster.local,j-b-0.di-j.ns.svc.cluster.local,j-b-1.di-j.ns.svc.cluster.local";

test("kubernetesRanks() reads what a DIJob says", () => {
  const env = { DI_NODES: NODES, DI_RANK: "1", HOSTNAME: "j-b-0" };
  expect(kubernetesRanks(env)).toEqual({ rank: 1, hosts: NODES.split(","), count: 3 });
  expect(kubernetesRanks({ ...env, HOSTNAME: "elsewhere" }).rank).toBe(1);
  expect(kubernetesRanks({ ...env, HOSTNAME: undefined }).rank).toBe(1);
});

test("kubernetesRanks() gives a pod that was made again the rank that its name had", () => {
  for (const told of ["3", "17", "0"]) {
    expect(kubernetesRanks({ DI_NODES: NODES, DI_RANK: told, HOSTNAME: "j-b-0" }).rank).toBe(1);
  }
});

test("kubernetesRanks() knows an Indexed Job, by its pods' names or a list", () => {
  const env = { JOB_COMPLETION_INDEX: "2", HOSTNAME: "train-2" };
  expect(kubernetesRanks(env)).toEqual({
    rank: 2,
    hosts: ["train-0.train", "train-1.train", "train-2.train"],
    count: undefined,
  });
  expect(kubernetesRanks({ ...env, DI_SERVICE: "svc" }).hosts[0]).toBe("train-0.svc");
  expect(kubernetesRanks({ ...env, DI_NODES: "a.s,b.s,c.s,d.s" })).toEqual({
    rank: 2,
    hosts: ["a.s", "b.s", "c.s", "d.s"],
    count: 4,
  });
});

test("kubernetesRanks() takes nodes with their ports", () => {
  const DI_NODES = "a.s:50600, tcp://b:50601,[fe80::2]:7,fe80::3,[::1],c";
  expect(kubernetesRanks({ DI_NODES, DI_RANK: "1", HOSTNAME: "host" })).toEqual({
    rank: 1,
    hosts: ["a.s", "b", "fe80::2", "fe80::3", "::1", "c"],
    count: 6,
    ports: [50_600, 50_601, 7, undefined, undefined, undefined],
  });
  expect(kubernetesRanks({ DI_NODES, DI_RANK: "9", HOSTNAME: "a" }).rank).toBe(0);
});

test.each([
  ['"a b" in DI_NODES is no node', { DI_NODES: "a b,c", DI_RANK: "0" }],
  ['"a:0" in DI_NODES is no node', { DI_NODES: "a:0", DI_RANK: "0" }],
  ['DI_NODES is " , "', { DI_NODES: " , ", DI_RANK: "0" }],
  ['DI_RANK: "-1" is no number', { DI_NODES: "a", DI_RANK: "-1" }],
  ["DI_RANK is 1, but DI_NODES has 1 node", { DI_NODES: "a", DI_RANK: "1" }],
  ["DI_NODES or JOB_COMPLETION_INDEX is not set", {}],
  ["DI_RANK is not set", { DI_NODES: "a,b" }],
  ["DI_RANK is 2, but DI_NODES has 2 nodes", { DI_NODES: "a,b", DI_RANK: "2", HOSTNAME: "c" }],
  [
    'pod "other" has index 1, but not in its name',
    { JOB_COMPLETION_INDEX: "1", HOSTNAME: "other" },
  ],
])("kubernetesRanks() says what does not fit: %s", (message, env) => {
  expect(() => kubernetesRanks(env)).toThrow(message);
});
