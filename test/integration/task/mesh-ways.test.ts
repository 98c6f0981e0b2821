import { expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import { hub, member, meshOf, PATIENT, type Member } from "./mesh-members.ts";

test("a node that is attached to one of a mesh finds the others, and gets the latest of what they retain", async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second] = (await meshOf(stack, 2)) as [Member, Member];
  for (const version of [1, 2]) {
    await first.task.emit("weights", [version, new Float32Array([version])], { retain: true });
  }
  await first.task.emit("passing", [1]);
  const late = await member(stack, 2, { labels: ["late"] });
  const got = late.task.waitFor("weights");
  const passing: unknown[] = [];
  late.task.on("passing", (value: unknown) => passing.push(value));
  await late.node.dial([second.node.address]);
  expect(await got).toEqual([2, new Float32Array([2])]);
  const linked = (): boolean =>
    [first, second, late].every(({ node }) => node.status().links === 2);
  await until(linked, PATIENT);
  await until(() => first.node.peers().length === 2, PATIENT);
  expect(first.node.peers().map(({ nodeId, labels }) => [nodeId, [...labels]])).toEqual([
    [1, []],
    [2, ["late"]],
  ]);
  expect(passing).toEqual([]);
});

test("a chain of attached nodes passes on events in order, requests, and who leaves at its end", async () => {
  await using stack = new AsyncDisposableStack();
  const dials = (index: number): number[] => (index === 0 ? [] : [index - 1]);
  const members = await meshOf(stack, 5, { topology: "alone", dials });
  const [first, , third, , last] = members as [Member, Member, Member, Member, Member];
  const heard: number[] = [];
  last.task.on("x", (value: number) => void heard.push(value));
  third.task.on("x", () => new Promise((resolve) => void setImmediate(resolve)));
  last.task.on("sum", (values: number[]) => values.reduce((sum, value) => sum + value, 0));
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  for (const number of numbers) await first.task.emit("x", [number], { onlyRemote: true });
  await until(() => heard.length === numbers.length, PATIENT);
  expect(heard).toEqual(numbers);
  expect(await first.task.request<number>(4, "sum", [1, 2, 3])).toBe(6);
  const open = first.task.request(4, "later").catch((error: Error) => error.message);
  await last.node.close();
  await until(() => first.heard.includes("leave 4"), PATIENT);
  expect(await open).toMatch(/Cannot wait for an answer of node 4: it is gone|nobody listens/);
});

test("with slowPeers drop a node that does not keep up loses events, which are counted and told", async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second] = (await meshOf(stack, 2, { slowPeers: "drop" })) as [Member, Member];
  const free = Promise.withResolvers<void>();
  const heard: number[] = [];
  const missed: number[] = [];
  second.task.on("peer:missed", ({ events }: { events: number }) => void missed.push(events));
  second.task.on("big", (index: number) => {
    heard.push(index);
    return free.promise;
  });
  const body = new Uint8Array(1_000_000);
  for (let index = 0; index < 120; index++)
    await first.task.emit("big", [index, body], { onlyRemote: true });
  await until(() => first.node.status().dropped > 0, PATIENT);
  free.resolve();
  const sum = (): number => missed.reduce((all, events) => all + events, heard.length);
  await until(() => sum() >= 120, PATIENT);
  expect([sum(), heard.toSorted((a, b) => a - b)]).toEqual([120, heard]);
});

test("leaves of a star lose nothing of each other when their hub dies, and one in its place is there", async () => {
  await using stack = new AsyncDisposableStack();
  const members = await meshOf(stack, 3, { topology: "star", dials: hub });
  const [old, first, second] = members as [Member, Member, Member];
  const got: number[] = [];
  const missed: unknown[] = [];
  second.task.on("x", (value: number) => void got.push(value));
  second.task.on("peer:missed", (told: unknown) => missed.push(told));
  const emitUpTo = async (end: number): Promise<void> => {
    for (let count = sent; count < end; count++) await first.task.emit("x", [count]);
    sent = end;
  };
  let sent = 0;
  await emitUpTo(50);
  await until(() => got.length === 50, PATIENT);
  const { port } = old.node;
  await old.node.crash();
  await until(() => second.heard.includes("crash 1"), PATIENT);
  await emitUpTo(100);
  await member(stack, 0, { topology: "star", port });
  await until(() => got.length === 100, PATIENT); // nothing that comes later shows that it is missing
  await emitUpTo(150);
  await until(() => got.length === 150, PATIENT);
  expect([got, missed]).toEqual([Array.from({ length: 150 }, (_, count) => count), []]);
});
