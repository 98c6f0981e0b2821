import { expect, test } from "bun:test";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { dialLink } from "../../../src/link/websocket.ts";
import { MESH_PATH, MESH_VERSION } from "../../../src/protocol/task-mesh.ts";
import { dialSession } from "../../../src/rpc/dial.ts";
import { KIND, type Message } from "../../../src/rpc/message.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";
import { member, meshOf, PATIENT, type Member } from "./mesh-members.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const BOOT = "5f0c9a52-1d57-4a9e-8b0e-3f2b8f5a1c11";
const TOKEN = "correct-horse-battery-staple";
const note = (seq: number): unknown[] => [null, seq, 9, BOOT, 0];

/** Somebody who knows how to greet, and then says what it wants. */
async function stranger(address: string, { mesh = MESH_VERSION }: { mesh?: number } = {}) {
  const ended = Promise.withResolvers<string>();
  const { session } = await dialSession(
    {
      hello: { mesh, nodeId: 9, boot: BOOT, labels: [], address: "" },
      openLink: () => dialLink(`ws://${address}${MESH_PATH}`, { timeoutMs: 5_000 }),
      clock: systemClock,
      heartbeatMs: 1_000,
      toleranceMs: 10_000,
      connectTimeoutMs: 5_000,
    },
    () => ({
      message() {},
      ended: (error) => ended.resolve(error?.message ?? "by itself"),
    }),
  );
  return { session, ended: ended.promise };
}

test("MeshNode lets in only who shows the token, and speaks its version", async () => {
  await using stack = new AsyncDisposableStack();
  const first = await member(stack, 0, { token: TOKEN });
  const [none, wrong, same, open] = await Promise.all([
    member(stack, 1),
    member(stack, 2, { token: `${TOKEN}!` }),
    member(stack, 3, { token: TOKEN }),
    member(stack, 4),
  ]);
  for (const { node } of [none, wrong]) {
    expect(await thrownBy(node.dial([first.node.address]))).toMatchObject({
      code: "auth.refused",
      message: `Cannot join the mesh at ${first.node.address}: the token is not that of this mesh`,
    });
  }
  await same.node.dial([first.node.address]);
  await until(() => first.node.peers().length === 1, PATIENT);
  expect(await thrownBy(stranger(open.node.address, { mesh: 99 }))).toMatchObject({
    code: "peer.refused",
    message: "Cannot join the mesh: node 9 speaks version 99, this is 1",
  });
});

const BAD: [name: string, message: Message][] = [
  ["no word", [KIND.CALL, 1, "sing", null, undefined]],
  ["a beginning that is none", [KIND.CALL, 0, "begin", { got: "x" }, undefined]],
  ["an entry without a note", [KIND.CALL, 1, "entry", [1], new Uint8Array([0xa1, 0x78])]],
  ["broken msgpack", [KIND.CALL, 1, "entry", note(1), new Uint8Array([0xa1, 0x78, 0xdc, 0xff])]],
  ["arguments of no event", [KIND.CALL, 1, "entry", note(2), new Uint8Array([0x91, 0x01])]],
  [
    "a word that is none",
    [KIND.CALL, 1, "entry", note(3), new Uint8Array([0x81, 0xa1, 0x6b, 0x01])],
  ],
];

test("MeshNode ends the line of who says what is no word of a node, and goes on with the others", async () => {
  await using stack = new AsyncDisposableStack();
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warned.push(message) };
  const [first, second] = (await meshOf(stack, 2, { log })) as [Member, Member];
  for (const [name, message] of BAD) {
    const { session, ended } = await stranger(first.node.address);
    session.send(message);
    expect([name, await ended]).toEqual([
      name,
      expect.stringMatching(/understand|goodbye|closed|known/),
    ]);
  }
  const ended = (nodeId: number): string[] =>
    warned.filter((told) => told.startsWith(`A line to node ${nodeId} ended: Cannot `));
  await until(() => ended(9).length === BAD.length, PATIENT);
  expect(ended(0)).toEqual([]); // what is broken is not passed on
  const garbage = await dialLink(`ws://${first.node.address}${MESH_PATH}`, { timeoutMs: 5_000 });
  garbage.send(new Uint8Array([0xc1, 1, 2, 3]));
  await garbage.closed;
  const huge = await dialLink(`ws://${first.node.address}${MESH_PATH}`, { timeoutMs: 5_000 });
  huge.send(new Uint8Array(65 * 1024 * 1024));
  await huge.closed;
  const heard = first.task.waitFor("x");
  await second.task.emit("x", [1]);
  expect(await heard).toEqual([1]);
  const large = second.task.emit("x", [new Uint8Array(64 * 1024 * 1024)], { onlyRemote: true });
  expect(await thrownBy(large)).toMatchObject({ code: "usage.invalid-input" });
});

test("emit() waits for a slow node, rejects with queue.full what does not wait; 1,000 waitFors leave nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second] = (await meshOf(stack, 2)) as [Member, Member];
  const free = Promise.withResolvers<void>();
  let count = 0;
  second.task.on("x", () => {
    count += 1;
    return free.promise;
  });
  const payload = new Uint8Array(1_000);
  const remote = { onlyRemote: true };
  let rejected = 0;
  const emits: Promise<void>[] = [];
  for (let index = 0; index < 60_000; index++) {
    emits.push(first.task.emit("x", [payload], remote).catch(() => void (rejected += 1)));
  }
  await until(() => rejected > 0, PATIENT);
  expect(await thrownBy(first.task.request(1, "double", 1))).toMatchObject({
    code: "queue.full",
    message: expect.stringMatching(/^Cannot request "double": \d+ events wait for slow nodes$/),
  });
  free.resolve();
  await Promise.all(emits);
  await until(() => count === emits.length - rejected, PATIENT);
  const { task } = second;
  const before = task.listeners();
  const waits = Array.from({ length: 1_000 }, (_, index) =>
    task.waitFor("answer", { timeoutMs: index < 500 ? 60_000 : 1 }).catch(() => {}),
  );
  await Promise.all(waits.slice(500));
  await first.task.emit("answer");
  await Promise.all(waits);
  expect(task.listeners()).toBe(before);
});

test("a line that is cut for a moment loses nothing; for long, the node crashes, joins again, and is told what it missed", async () => {
  await using stack = new AsyncDisposableStack();
  const times = { toleranceMs: 400, heartbeatMs: 50, topology: "alone" } as const;
  const first = await member(stack, 0, times);
  const second = await member(stack, 1, times);
  const proxy = stack.use(await TcpProxy.open(first.node.port));
  await second.node.dial([`127.0.0.1:${proxy.port}`]);
  await until(() => first.node.peers().length === 1 && second.node.peers().length === 1, PATIENT);
  const heard: number[] = [];
  second.task.on("x", (index: number) => void heard.push(index));
  for (let index = 0; index < 2_000; index++) {
    await first.task.emit("x", [index], { onlyRemote: true });
    if (index % 500 === 250) {
      proxy.cut();
      await turn();
    }
  }
  await until(() => heard.length === 2_000, PATIENT);
  expect(heard).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  const missed = second.task.waitFor<[{ nodeId: number; events: number }]>("peer:missed");
  proxy.refuse();
  proxy.cut();
  await until(() => first.heard.at(-1) === "crash 1" && second.heard.at(-1) === "crash 0", PATIENT);
  const seen: number[] = [];
  second.task.on("big", (index: number) => void seen.push(index));
  first.heard.length = 0;
  const body = new Uint8Array(1_000_000);
  await first.task.emit("x", [2_000], { onlyRemote: true });
  await turn();
  for (let index = 0; index < 100; index++) {
    await first.task.emit("big", [index, body], { onlyRemote: true });
  }
  proxy.refuse(false);
  const [{ nodeId, events }] = await missed;
  await until(() => seen.at(-1) === 99, PATIENT);
  expect([nodeId, events + seen.length, heard.length]).toEqual([0, 101, 2_000]);
  expect(seen).toEqual(Array.from(seen, (_, index) => 100 - seen.length + index));
  expect(first.heard).toContain("join 1");
});
