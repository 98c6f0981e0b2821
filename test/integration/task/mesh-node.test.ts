import { expect, test } from "bun:test";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";
import { hub, meshOf, PATIENT, type Member } from "./mesh-members.ts";

test("MeshNode: what one emits all others hear once, in order; to one, only that one", async () => {
  await using stack = new AsyncDisposableStack();
  const members = await meshOf(stack, 3);
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
  const members = await meshOf(stack, 4, { topology: "star", dials: hub });
  const [, first, second, third] = members as [Member, Member, Member, Member];
  const got: unknown[] = [];
  second.task.on("x", (value: unknown) => void got.push(value));
  second.task.on("double", (value: number) => value * 2);
  second.task.on("fails", () => {
    throw new Error("not today");
  });
  for (let count = 0; count < 100; count++) await first.task.emit("x", [count]);
  await first.task.emit("x", ["you"], { to: "node.2" });
  await until(() => got.length === 101, PATIENT);
  expect(got).toEqual([...Array.from({ length: 100 }, (_, count) => count), "you"]);
  expect(first.node.status().links).toBe(1);
  expect(await first.task.request<number>(2, "double", 21)).toBe(42);
  expect(await thrownBy(first.task.request(2, "fails"))).toMatchObject({ message: "not today" });
  await third.node.crash();
  await first.node.close();
  const ends = ["crash 3", "leave 1"];
  await until(() => ends.every((end) => second.heard.includes(end)), PATIENT);
  expect(second.heard.slice(-2).toSorted()).toEqual(ends);
});

test("barrier() lets nobody go on before all have come, and names who is missing", async () => {
  await using stack = new AsyncDisposableStack();
  const members = await meshOf(stack, 12, { topology: "star", dials: hub });
  const at = members.map(() => 0);
  const run = async ({ task }: Member, index: number): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) {
      await task.barrier();
      expect(Math.min(...at)).toBeGreaterThanOrEqual(turn);
      at[index] = turn + 1;
    }
  };
  await Promise.all(members.map(run));
  const most = members
    .slice(0, 10)
    .map(({ task }) => task.barrier({ name: "b", timeoutMs: 1_500 }));
  const [error] = await Promise.all(most.map((one) => thrownBy(one)));
  expect(error).toMatchObject({
    code: "wait.timeout",
    message: 'Cannot wait longer at barrier "b": nodes 10, 11 have not come within 1500 ms',
  });
  const counted = thrownBy(members[0]?.task.barrier({ name: "c", nodes: 13, timeoutMs: 50 }));
  expect(await counted).toMatchObject({
    message: expect.stringContaining("1 of 13 nodes have come"),
  });
});
