import { expect, test } from "bun:test";
import { join } from "node:path";
import { placeOn, type PlaceOnOptions } from "../../../../src/task/platform/place-on.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

/** All names resolve, each to its own machine. */
const sources = {
  resolve: async (name: string) => `ip of ${name}`,
  scontrol: async () => Promise.reject(new Error("no controller")),
};
const DIJOB = { DI_NODES: "SH-0,SH-1,SH-2,SH-3,SH-4,SH-5", DI_RANK: "3" };
const SPEC = JSON.stringify({
  tasks: [
    { labels: "league,collect", node_ids: 10 },
    { labels: "league,collect", node_ids: 11 },
    { labels: "evaluate", node_ids: 20, attach_to: "$node.10,$node.11" },
    { labels: "learn", node_ids: 31, ports: 50000, attach_to: "$node.10,$node.11,$node.20" },
    { labels: "learn", node_ids: 32 },
    { labels: "learn", node_ids: 33, "attach-to": ["$node.31", "tcp://else:1"] },
  ],
});

const k8s = (options: Partial<PlaceOnOptions>) =>
  placeOn({ platform: "k8s", given: {}, env: DIJOB, sources, ...options });

test("placeOn() follows a specification, and finds nodes by their ids", async () => {
  expect(await k8s({ spec: SPEC, given: { parallelWorkers: 1 } })).toEqual({
    parallelWorkers: 1,
    topology: "alone",
    address: "SH-3",
    ports: [50_000],
    nodeIds: [31],
    attachTo: ["tcp://SH-0:50515", "tcp://SH-1:50515", "tcp://SH-2:50515"],
    labels: ["learn"],
    expectNodes: undefined,
    nodesBefore: 0,
  });
  const last = await k8s({ spec: SPEC, env: { ...DIJOB, DI_RANK: "5" } });
  expect(last.attachTo).toEqual(["tcp://SH-3:50000", "tcp://else:1"]);
});

test("placeOn() reads a specification from a file", async () => {
  await using folder = await tempFolder();
  const file = join(folder.path, "spec.json");
  await Bun.write(file, SPEC);
  expect((await k8s({ spec: file })).nodeIds).toEqual([31]);
});

test("placeOn() attaches a mesh to all before it, a star to the first, alone to nobody", async () => {
  const env = { ...DIJOB, DI_RANK: "2" };
  const place = (topology: "mesh" | "star" | "alone") =>
    k8s({ env, given: { topology, parallelWorkers: 2 } });
  const mesh = await place("mesh");
  expect([mesh.nodeIds, mesh.ports]).toEqual([
    [4, 5],
    [50_515, 50_516],
  ]);
  expect(mesh.attachTo.map((url) => url.slice(6))).toEqual([
    "SH-0:50515",
    "SH-0:50516",
    "SH-1:50515",
    "SH-1:50516",
  ]);
  expect((await place("star")).attachTo).toEqual(["tcp://SH-0:50515", "tcp://SH-0:50516"]);
  expect((await place("alone")).attachTo).toEqual([]);
  expect([mesh.expectNodes, (await place("alone")).expectNodes]).toEqual([12, undefined]);
  expect((await k8s({ env, given: { isBrokered: true } })).expectNodes).toBe(6);
  expect((await k8s({ env, given: { topology: "mesh", isBrokered: true } })).attachTo).toEqual([]);
  expect(
    (await k8s({ env: { ...env, DI_RANK: "0" }, given: { topology: "mesh" } })).attachTo,
  ).toEqual([]);
});

test("placeOn() makes a mesh of several nodes, if nobody says otherwise", async () => {
  const topologyOf = async (given: PlaceOnOptions["given"], DI_NODES = "a,b", spec?: string) =>
    (await k8s({ env: { DI_NODES, DI_RANK: "0" }, given, spec })).topology;
  expect(await topologyOf({})).toBe("mesh");
  expect(await topologyOf({}, "a")).toBe("alone");
  expect(await topologyOf({ parallelWorkers: 2 }, "a")).toBe("mesh");
  expect(await topologyOf({ topology: "alone" })).toBe("alone");
  expect(await topologyOf({ attachTo: ["tcp://c:1"] })).toBe("alone");
  expect(await topologyOf({}, "a,b", '{"tasks": [{}, {"attach_to": "$node.0"}]}')).toBe("alone");
  // The workers of one launch hear each other; who else does is what the specification says.
  const some = '{"tasks": [{"parallel_workers": 2}, {"attach_to": "$node.1"}]}';
  const two = await k8s({ env: { DI_NODES: "a,b", DI_RANK: "0" }, spec: some });
  expect(two).toMatchObject({ topology: "mesh", expectNodes: undefined, nodeIds: [0, 1] });
  const env = { JOB_COMPLETION_INDEX: "1", HOSTNAME: "j-1" };
  expect(await k8s({ env })).toMatchObject({ topology: "mesh", attachTo: ["tcp://j-0.j:50515"] });
});

test("placeOn() gives each launch its share of ports and ids that are listed for all", async () => {
  const env = { DI_NODES: "a,b", DI_RANK: "1" };
  const given = { topology: "mesh", ports: [1, 2, 3, 4], nodeIds: [5, 6, 7, 8] } as const;
  expect(await k8s({ env, given: { ...given, parallelWorkers: 2 } })).toMatchObject({
    ports: [3, 4],
    nodeIds: [7, 8],
    attachTo: ["tcp://a:1", "tcp://a:2"],
  });
  expect(await thrownBy(k8s({ env, given: { nodeIds: [5, 5] } }))).toMatchObject({
    message: "Cannot place this launch: --node-ids 5,5 has an id twice",
  });
});

test("placeOn() refuses ports that the others cannot know", async () => {
  const env = { DI_NODES: "a,b", DI_RANK: "0" };
  const refused = await thrownBy(k8s({ env, given: { topology: "mesh", ports: [0] } }));
  expect(refused).toMatchObject({ code: "usage.invalid-option" });
  expect((await k8s({ env, given: { isBrokered: true, ports: [0] } })).ports).toEqual([0]);
  const alone = { DI_NODES: "a", DI_RANK: "0" };
  expect((await k8s({ env: alone, given: { topology: "mesh", ports: [0] } })).ports).toEqual([0]);
});

test("placeOn() lets what was given go before what the platform says", async () => {
  const given = {
    topology: "mesh",
    address: "10.0.0.9",
    ports: [20_000],
    nodeIds: [7],
    attachTo: ["tcp://10.0.0.1:1"],
    labels: ["mine"],
  } as const;
  for (const platform of ["k8s", "slurm"] as const) {
    const env = {
      ...DIJOB,
      SLURM_PROCID: "3",
      SLURM_NTASKS: "6",
      SLURM_NODELIST: "SH-[0-5]",
      SLURMD_NODENAME: "SH-3",
    };
    expect(await placeOn({ platform, given, env, sources })).toEqual({
      parallelWorkers: 1,
      topology: "mesh",
      address: "10.0.0.9",
      ports: [20_000],
      nodeIds: [7],
      attachTo: ["tcp://10.0.0.1:1"],
      labels: ["mine"],
      expectNodes: 6,
      nodesBefore: 0,
    });
  }
  expect((await k8s({ given: { nodeIds: [10, 11, 20, 31, 32, 33] } })).nodeIds).toEqual([31]);
  expect((await k8s({ spec: SPEC, given: { labels: ["mine"] } })).labels).toEqual([
    "mine",
    "learn",
  ]);
});

const STEP = { SLURM_NTASKS: "4", SLURM_NODELIST: "n[1-2]", SLURM_NTASKS_PER_NODE: "2" };

test("placeOn() gives the tasks of a Slurm node a port each, also of nodes that are one machine", async () => {
  const place = async (rank: number, resolve: (name: string) => Promise<string>) => {
    const scontrol = async () =>
      "NodeName=n1 Arch=x NodeAddr=10.0.0.5 x\nNodeName=n2 NodeAddr=10.0.0.5\n";
    return await placeOn({
      platform: "slurm",
      given: { topology: "mesh" },
      env: { ...STEP, SLURM_PROCID: String(rank) },
      sources: { resolve, scontrol },
    });
  };
  const onTwo = await place(3, async (name) => name);
  expect([onTwo.address, onTwo.ports, onTwo.nodeIds]).toEqual(["n2", [15_152], [3]]);
  expect(onTwo.attachTo).toEqual(["tcp://n1:15151", "tcp://n1:15152", "tcp://n2:15151"]);
  const onOne = await place(3, async () => "127.0.0.1");
  expect([onTwo.nodesBefore, onOne.nodesBefore]).toEqual([1, 3]);
  expect([onOne.address, onOne.ports]).toEqual(["n2", [15_154]]);
  const unknown = await place(3, async () => Promise.reject(new Error("no such name")));
  expect([unknown.address, unknown.ports]).toEqual(["10.0.0.5", [15_154]]);
  expect(unknown.attachTo).toEqual(
    [15_151, 15_152, 15_153].map((port) => `tcp://10.0.0.5:${port}`),
  );
});

test("placeOn() keeps the names that nobody can tell the address of", async () => {
  const nobody = async (): Promise<string> => Promise.reject(new Error("nobody"));
  const place = await placeOn({
    platform: "slurm",
    given: { topology: "star" },
    env: { ...STEP, SLURM_PROCID: "2" },
    sources: { resolve: nobody, scontrol: nobody },
  });
  expect([place.address, place.attachTo]).toEqual(["n2", ["tcp://n1:15151"]]);
});

test("placeOn() gives pods on one address different ports", async () => {
  const env = { DI_NODES: "127.0.0.1,127.0.0.1", DI_RANK: "1" };
  const place = await k8s({ env, given: { topology: "mesh", ports: [50_600] } });
  expect([place.ports, place.attachTo]).toEqual([[50_601], ["tcp://127.0.0.1:50600"]]);
  expect((await k8s({ env, given: { topology: "alone", ports: [0] } })).ports).toEqual([0]);
  const known = { DI_NODES: "127.0.0.1:50600,127.0.0.1:50700", DI_RANK: "1" };
  const two = await k8s({ env: known, given: { topology: "mesh", parallelWorkers: 2 } });
  expect([two.ports, two.attachTo]).toEqual([
    [50_700, 50_701],
    ["tcp://127.0.0.1:50600", "tcp://127.0.0.1:50601"],
  ]);
  expect((await k8s({ env: known, given: { ports: [1_000] } })).ports).toEqual([1_001]);
});

test.each([
  ["it is no JSON", "{"],
  ['file "/nowhere/spec.json" cannot be read', "/nowhere/spec.json"],
  ['it has no list of "tasks"', "{}"],
  ["task 0 is no object", '{"tasks": [1]}'],
  ['task 1 has an unknown key "node"', '{"tasks": [{}, {"node": 1}]}'],
  ['"ports" of task 0 has "x"', '{"tasks": [{"ports": "x"}]}'],
  ["--platform-spec has 1 tasks, and this is rank 3", '{"tasks": [{}]}'],
  ['no node has the id of "$node.5"', '{"tasks": [{}, {}, {}, {"attach_to": "$node.5"}]}'],
  ["--ports has 2 numbers for 1 worker", '{"tasks": [{}, {}, {}, {"ports": "1,2"}]}'],
])("placeOn() says what is wrong with a specification: %s", async (message, spec) => {
  const error = (await thrownBy(k8s({ spec }))) as Error;
  expect(error).toMatchObject({ code: "usage.invalid-option" });
  expect(error.message).toContain(message);
});
