import { expect, test } from "bun:test";
import type { NodeRecord } from "../../../../src/protocol/task-mesh.ts";
import { Graph } from "../../../../src/task/mesh/graph.ts";

type Links = (number | `${number}?`)[];

/** Node n runs as boot "boot-n…"; "3?" is a suspect. */
const bootOf = (nodeId: number): string => `boot-${nodeId}-of-a-test`;

function recordOf(nodeId: number, links: Links, version = 1): NodeRecord {
  return {
    nodeId,
    boot: bootOf(nodeId),
    version,
    labels: [],
    address: "",
    topology: "star",
    links: links.map((link) => {
      const id = Number.parseInt(String(link), 10);
      return [id, bootOf(id), typeof link === "string" ? "suspect" : "up"];
    }),
    gone: [],
  };
}

function graphOf(own: Links) {
  const heard: string[] = [];
  const state = { own: recordOf(0, own) };
  const graph = new Graph(
    () => state.own,
    (change, { nodeId, via }) => void heard.push(`${change} ${nodeId} via ${via}`),
  );
  const learn = (...records: NodeRecord[]): string[] => {
    for (const record of records) graph.learn(record);
    graph.update();
    return heard.splice(0);
  };
  return { graph, state, learn };
}

test("update() tells of those who are reached, over how many links ever", () => {
  const { graph, learn } = graphOf([1]);
  expect(learn(recordOf(1, [0, 2]), recordOf(2, [1, 3]), recordOf(3, [2]))).toEqual([
    "peer:join 1 via 1",
    "peer:join 2 via 1",
    "peer:join 3 via 1",
  ]);
  expect(graph.reached.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3]);
  learn({ ...recordOf(3, [2], 2), labels: ["learner"] });
  expect(["node.[12]", "learn*", "x"].map((one) => graph.labelled(one))).toEqual([[1, 2], [3], []]);
  expect(graph.learn(recordOf(2, [1, 3]))).toBe(false);
  expect(() => graph.need(7)).toThrow("Cannot reach node 7: it is not in the mesh");
});

test("update() takes another way where there is one; else who is behind a suspect is one too", () => {
  const { state, learn } = graphOf([1, 2]);
  learn(recordOf(1, [0, 2, 3]), recordOf(2, [0, 1]), recordOf(3, [1]));
  state.own = recordOf(0, ["1?", 2], 2);
  expect(learn()).toEqual([]); // by 2, which has a link to 1
  expect(learn(recordOf(2, [0, "1?"], 2))).toEqual([
    "peer:suspect 1 via 1",
    "peer:suspect 3 via 1",
  ]);
  state.own = recordOf(0, [1, 2], 3);
  expect(learn()).toEqual(["peer:join 1 via 1", "peer:join 3 via 1"]);
});

test("update() tells a crash from a farewell, which anybody may have heard", () => {
  const { state, learn } = graphOf([1]);
  learn(recordOf(1, [0, 2, 3]), recordOf(2, [1]), recordOf(3, [1]));
  const gone: NodeRecord["gone"] = [[2, bootOf(2), "leave"]];
  expect(learn({ ...recordOf(1, [0], 2), gone })).toEqual([
    "peer:leave 2 via 1",
    "peer:crash 3 via 1",
  ]);
  state.own = recordOf(0, [], 2);
  expect(learn()).toEqual(["peer:crash 1 via 1"]);
});
