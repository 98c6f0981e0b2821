import { expect, test } from "bun:test";
import { MemoryLink } from "../../../src/link/memory.ts";
import { OneByOne } from "../../../src/pool/one-by-one.ts";
import { type IncomingCall, Peer } from "../../../src/rpc/peer.ts";
import { Session } from "../../../src/rpc/session.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A worker's end with its calls one by one, and the parent that makes them. */
function setUp() {
  const clock = new FakeClock();
  const options = { id: "worker", clock, heartbeatMs: Infinity, toleranceMs: Infinity };
  const [near, far] = MemoryLink.pair();
  const inner = new Session(options);
  const outer = new Session({ ...options, ackBytes: 16 * 1024 });
  const begun: unknown[] = [];
  const answers: string[] = [];
  let current: IncomingCall | undefined;
  const line = new OneByOne(inner, clock, (call) => {
    begun.push(call.meta);
    current = call;
  });
  const innerPeer = new Peer(inner, { call: (call) => line.add(call) });
  inner.listen({ message: (message) => innerPeer.receive(message), detached() {}, ended() {} });
  const peer = new Peer(outer, { call: (call) => call.fail({ code: "no", message: "no" }) });
  outer.listen({ message: (message) => peer.receive(message), detached() {}, ended() {} });
  inner.attach(near, 0, Infinity);
  return {
    clock,
    line,
    begun,
    answers,
    listen: () => outer.attach(far, 0, Infinity),
    call: (meta: string): number =>
      peer.call("task", meta, undefined, {
        reply: () => void answers.push(meta),
        fail: ({ code }) => void answers.push(`${meta} ${code}`),
      }),
    cancel: (call: number) => peer.cancel(call),
    answer: (bytes = 0): void => {
      current?.reply(new Uint8Array(bytes));
      line.done();
    },
  };
}

test("add() begins one call at a time, in order", async () => {
  const { call, begun, answers, answer, clock, listen } = setUp();
  listen();
  for (const name of ["a", "b", "c"]) call(name);
  await clock.play(0);
  expect(begun).toEqual(["a"]);
  answer();
  await clock.play(0);
  expect([begun, answers]).toEqual([["a", "b"], ["a"]]);
});

test("done() lets the answer leave before the next call begins", async () => {
  const { call, begun, answers, answer, clock, listen, line } = setUp();
  listen();
  for (const name of ["a", "b"]) call(name);
  await clock.play(0);
  let leftBefore: string[] = [];
  const push = begun.push.bind(begun);
  begun.push = (name) => {
    queueMicrotask(() => (leftBefore = [...answers]));
    return push(name);
  };
  answer();
  expect(begun).toEqual(["a", "b"]); // in the same turn, and yet
  await clock.play(0);
  expect(leftBefore).toEqual(["a"]);
  line.recall();
});

test("done() after a large answer waits until the other end has it", async () => {
  const { call, begun, answer, clock, listen } = setUp();
  for (const name of ["a", "b"]) call(name);
  listen();
  await clock.play(0);
  answer(100_000);
  expect(begun).toEqual(["a"]);
  await clock.play(0);
  expect(begun).toEqual(["a", "b"]);
});

test("done() after a long call looks at what has arrived before it begins the next", async () => {
  const { call, cancel, begun, answers, answer, clock, listen } = setUp();
  listen();
  call("a");
  const late = call("b");
  call("c");
  await clock.play(0);
  clock.advance(5);
  cancel(late); // on its way while "a" keeps the worker busy
  answer();
  expect(begun).toEqual(["a"]);
  await clock.play(0);
  expect([begun, answers]).toEqual([
    ["a", "c"],
    ["a", "b task.cancelled"],
  ]);
});

test("recall() gives back what has not begun, and that only", async () => {
  const { call, line, begun, answers, answer, clock, listen } = setUp();
  listen();
  for (const name of ["a", "b", "c"]) call(name);
  await clock.play(0);
  line.recall();
  await clock.play(0);
  expect(answers).toEqual(["b worker.returned", "c worker.returned"]);
  answer();
  call("d");
  await clock.play(0);
  expect([begun, answers.at(-1)]).toEqual([["a", "d"], "a"]);
});
