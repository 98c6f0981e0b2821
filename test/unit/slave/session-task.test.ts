import { expect, test } from "bun:test";
import { KIND, type Message } from "../../../src/rpc/message.ts";
import { IncomingCall, Peer } from "../../../src/rpc/peer.ts";
import { SessionTask } from "../../../src/slave/session-task.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("progress() keeps the newest value while the master is slow, and tells it before the end", () => {
  const said: Message[] = [];
  const send = (message: Message): void => void said.push(message);
  const peer = new Peer({ send, sendSoon: send }, { call() {} });
  const call = new IncomingCall(peer, [KIND.CALL, 1, "task", null, undefined]);
  let isCrowded = false;
  const task = new SessionTask(call, {
    pace: { lastMs: Infinity },
    clock: new FakeClock(),
    isCrowded: () => isCrowded,
  });
  const value = (byte: number): Uint8Array => new Uint8Array([byte]);
  task.progress(value(1));
  isCrowded = true;
  for (const byte of [2, 3, 4]) task.progress(value(byte));
  isCrowded = false;
  task.progress(value(5));
  isCrowded = true;
  for (const byte of [6, 7]) task.progress(value(byte));
  task.completed(value(9));
  expect(said.map((message) => [message[0], (message.at(-1) as Uint8Array)[0]])).toEqual([
    [KIND.EVENT, 1],
    [KIND.EVENT, 5],
    [KIND.EVENT, 7],
    [KIND.REPLY, 9],
  ]);
});
