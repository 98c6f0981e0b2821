import { expect, test } from "bun:test";
import type { MeshNodeOptions } from "../../../src/task/node/mesh-node-options.ts";
import { MeshNode } from "../../../src/task/node/mesh-node.ts";
import { MainTask } from "../../../src/task/task.ts";
import { until } from "../../support/until.ts";
import { thrownBy } from "../../support/thrown-by.ts";

interface Member {
  node: MeshNode;
  task: MainTask;
  heard: string[];
}

const PATIENT = { timeoutMs: 30_000 };

async function member(
  stack: AsyncDisposableStack,
  nodeId: number,
  options: Partial<MeshNodeOptions> = {},
): Promise<Member> {
  const node = stack.use(new MeshNode({ nodeId, host: "127.0.0.1", port: 0, ...options }));
  await node.start();
  const main = new MainTask({ router: node });
  stack.defer(() => main.close());
  const task = main.start();
  const heard: string[] = [];
  for (const change of ["join", "suspect", "leave", "crash"]) {
    task.on(`peer:${change}`, (peer: { nodeId: number }) => heard.push(`${change} ${peer.nodeId}`));
  }
  return { node, task, heard };
}

async function meshOf(
  stack: AsyncDisposableStack,
  count: number,
  dials: (index: number) => number[],
  options: (index: number) => Partial<MeshNodeOptions> = () => ({}),
): Promise<Member[]> {
  const members: Member[] = [];
  for (let index = 0; index < count; index++) {
    members.push(await member(stack, index, options(index)));
  }
  await Promise.all(
    members.map(({ node }, index) =>
      node.dial(dials(index).map((other) => members[other]?.node.address ?? "")),
    ),
  );
  await until(() => members.every(({ node }) => node.peers().length === count - 1), PATIENT);
  return members;
}

const before = (index: number): number[] => Array.from({ length: index }, (_, other) => other);

test("MeshNode: what one emits all others hear once, in order; to one, only that one", async () => {
  await using stack = new AsyncDisposableStack();
  const members = await meshOf(stack, 3, before);
  const got: unknown[][][] = members.map(() => []);
  for (const [index, { task }] of members.entries()) {
    task.on("x", (...args: unknown[]) => void got[index]?.push(args));
  }
  for (let count = 0; count < 1_000; count++) await members[0]?.task.emit("x", [count]);
  await members[0]?.task.emit("x", ["you"], { to: 2 });
  await members[1]?.task.emit("x", ["others"], { onlyRemote: true });
  await until(() => got[2]?.length === 1_002 && got[0]?.length === 1_001, PATIENT);
  const numbers = Array.from({ length: 1_000 }, (_, count) => [count]);
  expect(got[1]).toEqual(numbers);
  expect(got[2]?.filter(([first]) => typeof first === "number")).toEqual(numbers);
  const [first] = members;
  expect(await thrownBy(first?.task.emit("x", [], { to: 7 }))).toMatchObject({
    message: "Cannot reach node 7: it is not in the mesh",
  });
});

test("MeshNode: a hub passes on, requests too; who leaves is told, who crashes too", async () => {
  await using stack = new AsyncDisposableStack();
  const members = await meshOf(
    stack,
    4,
    (index) => (index === 0 ? [] : [0]),
    () => ({ topology: "star" }),
  );
  const [, first, second, third] = members as [Member, Member, Member, Member];
  const got: unknown[] = [];
  second.task.on("x", (value: unknown) => void got.push(value));
  second.task.on("double", (value: number) => value * 2);
  second.task.on("fails", () => {
    throw new Error("not today");
  });
  for (let count = 0; count < 100; count++) await first.task.emit("x", [count]);
  await first.task.emit("x", ["you"], { to: 2 });
  await until(() => got.length === 101, PATIENT);
  expect(got).toEqual([...Array.from({ length: 100 }, (_, count) => count), "you"]);
  expect(first.node.status().links).toBe(1);
  expect(await first.task.request<number>(2, "double", 21)).toBe(42);
  expect(await thrownBy(first.task.request(2, "fails"))).toMatchObject({ message: "not today" });
  await third.node.crash();
  await first.node.close();
  await until(() => second.heard.length >= 5, PATIENT);
  expect(second.heard.slice(-2)).toEqual(["crash 3", "leave 1"]);
});
