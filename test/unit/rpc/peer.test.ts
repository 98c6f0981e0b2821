import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { MemoryLink } from "../../../src/link/memory.ts";
import { FRAME_LIMIT_BYTES } from "../../../src/protocol/limits.ts";
import type { Message } from "../../../src/rpc/message.ts";
import { Peer, type IncomingCall } from "../../../src/rpc/peer.ts";
import { Session } from "../../../src/rpc/session.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { thrownBy } from "../../support/interaction.ts";

/** Two peers that hear each other at once; `calls` is what the right one is asked. */
function pair(): { left: Peer; right: Peer; calls: IncomingCall[]; said: Message[] } {
  const calls: IncomingCall[] = [];
  const said: Message[] = [];
  const port = (other: () => Peer): { send(message: Message): void } => {
    const send = (message: Message): void => {
      said.push(message);
      other().receive(message);
    };
    return { send };
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
  expect([failed, cancels]).toEqual([["gone", "gone"], 2]);
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

test("call() after the end fails at once", async () => {
  const { left } = pair();
  left.end({ code: "network.closed", message: "gone" });
  expect((await thrownBy(left.request("work", null))).message).toBe("gone");
});

test("a handler that throws costs its own call and no other", async () => {
  const { left, calls } = pair();
  const failed: string[] = [];
  const fail = ({ message }: { message: string }): void => void failed.push(message);
  const throwing = (what: string) => (): never => {
    throw new Error(what);
  };
  left.call("a", null, undefined, { reply() {}, fail, event: throwing("bad event") });
  left.call("b", null, undefined, { reply: throwing("bad reply"), fail });
  const other = left.request("c", null);
  calls[0]?.event("e");
  calls[0]?.reply();
  calls[1]?.reply();
  calls[2]?.reply(bytes);
  expect([failed, await other]).toEqual([["bad event", "bad reply"], bytes]);
});

test("a call whose handler throws is answered with the error", async () => {
  const [near, far] = [new Array<Message>(), new Array<Message>()];
  const into = (list: Message[]) => ({
    send: (message: Message) => void list.push(message),
  });
  const left = new Peer(into(near), { call() {} });
  const right = new Peer(into(far), {
    call() {
      throw new Error("bad call");
    },
  });
  const request = thrownBy(left.request("work", null));
  for (const message of near) right.receive(message);
  for (const message of far) left.receive(message);
  expect((await request).message).toBe("bad call");
});

test("fail() with more than a frame holds, or with what cannot travel, still fails its call", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryLink.pair();
  const peers = [near, far].map((link) => {
    const session = new Session({ heartbeatMs: 1e3, toleranceMs: 4e3, id: "session-1", clock });
    const peer: Peer = new Peer(session, {
      call(call) {
        const result = call.method === "large" ? new Uint8Array(FRAME_LIMIT_BYTES) : () => 1;
        call.fail({ code: "task.failed", message: "broken", details: { result } });
      },
    });
    session.listen({ message: (message) => peer.receive(message), detached() {}, ended() {} });
    session.attach(link, 0, 60_000);
    return peer;
  });
  for (const method of ["large", "odd"]) {
    const error = thrownBy(peers[0]?.request(method, null) ?? Promise.resolve());
    await clock.play(0);
    const { code, message } = (await error) as DingError;
    expect([code, message]).toEqual([
      "task.failed",
      expect.stringMatching(/^broken \(the rest of this error cannot be sent: /),
    ]);
  }
});
