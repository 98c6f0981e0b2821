import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import type { Message } from "../../../src/rpc/message.ts";
import { Peer, type IncomingCall } from "../../../src/rpc/peer.ts";
import { thrownBy } from "../../support/interaction.ts";

/** Two peers that hear each other at once; `calls` is what the right one is asked. */
function pair(): { left: Peer; right: Peer; calls: IncomingCall[]; said: Message[] } {
  const calls: IncomingCall[] = [];
  const said: Message[] = [];
  const port = (
    other: () => Peer,
  ): { send(message: Message): void; sendSoon(message: Message): void } => {
    const send = (message: Message): void => {
      said.push(message);
      other().receive(message);
    };
    return { send, sendSoon: send };
  };
  const left: Peer = new Peer(
    port(() => right),
    { call: (call) => call.fail({ code: "x", message: "no" }) },
  );
  const right: Peer = new Peer(
    port(() => left),
    { call: (call) => void calls.push(call) },
  );
  return { left, right, calls, said };
}

const bytes = new Uint8Array([1]);

test("call() hears events in order, then one answer, and nothing after it", () => {
  const { left, calls } = pair();
  const heard: unknown[] = [];
  left.call("work", ["meta"], bytes, {
    reply: (body) => heard.push(["reply", body]),
    fail: (error) => heard.push(["fail", error]),
    event: (name, body) => heard.push([name, body]),
  });
  const [call] = calls;
  expect([call?.method, call?.meta, call?.body]).toEqual(["work", ["meta"], bytes]);
  call?.event("a");
  call?.event("b", bytes);
  call?.reply(bytes);
  call?.reply();
  call?.fail({ code: "x", message: "late" });
  call?.event("late");
  expect(heard).toEqual([
    ["a", undefined],
    ["b", bytes],
    ["reply", bytes],
  ]);
  expect(left.outstanding).toBe(0);
});

test("request() rejects with the other end's error", async () => {
  const { left, calls } = pair();
  const request = thrownBy(left.request("work", null));
  calls[0]?.fail({ code: "task.failed", message: "broken", details: { a: 1 } });
  const error = (await request) as DingError;
  expect([error.code, error.message, error.details]).toEqual(["task.failed", "broken", { a: 1 }]);
});

test("cancel() reaches who answers, once it has said how; an answered call is not cancelled", () => {
  const { left, calls, said } = pair();
  let cancels = 0;
  const id = left.call("work", null, undefined, { reply() {}, fail() {} });
  const [call] = calls;
  if (call) call.onCancel = () => (cancels += 1);
  left.cancel(id);
  call?.reply();
  const before = said.length;
  left.cancel(id);
  expect([cancels, said.length]).toEqual([1, before]);
});

test("end() fails every call of this end and cancels every call of the other, each once", () => {
  const { left, right, calls } = pair();
  const failed: string[] = [];
  let cancels = 0;
  for (const name of ["a", "b"]) {
    left.call(name, null, undefined, { reply() {}, fail: ({ message }) => failed.push(message) });
  }
  for (const call of calls) call.onCancel = () => (cancels += 1);
  left.end({ code: "task.lost", message: "gone" });
  left.end({ code: "task.lost", message: "gone twice" });
  right.end({ code: "network.closed", message: "gone" });
  right.end({ code: "network.closed", message: "gone" });
  expect([failed, cancels, left.outstanding]).toEqual([["gone", "gone"], 2, 0]);
});

test("a callback that calls again in the middle of an answer is served", () => {
  const { left, calls } = pair();
  const order: string[] = [];
  left.call("first", null, undefined, {
    reply() {
      left.call("second", null, undefined, { reply: () => order.push("second"), fail() {} });
      order.push("first");
    },
    fail() {},
  });
  calls[0]?.reply();
  calls[1]?.reply();
  expect(order).toEqual(["first", "second"]);
});
