import { expect, test } from "bun:test";
import { KIND, type Message } from "../../../src/rpc/message.ts";
import { IncomingCall, Peer } from "../../../src/rpc/peer.ts";
import { HeldWords } from "../../../src/slave/held-words.ts";
import { SessionTask } from "../../../src/slave/session-task.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("progress() keeps the newest value while the master is slow, and tells it before the end", () => {
  const said: Message[] = [];
  const send = (message: Message): void => void said.push(message);
  const peer = new Peer({ send }, { call() {} });
  const call = new IncomingCall(peer, [KIND.CALL, 1, "task", null, undefined]);
  let isCrowded = false;
  const task = new SessionTask(call, {
    pace: { lastMs: Infinity },
    held: new HeldWords(new FakeClock()),
    clock: new FakeClock(),
    isCrowded: () => isCrowded,
  });
  const value = (byte: number): Uint8Array => new Uint8Array([byte]);
  task.accepted();
  task.progress(value(1));
  isCrowded = true;
  for (const byte of [2, 3, 4]) task.progress(value(byte));
  isCrowded = false;
  task.progress(value(5));
  isCrowded = true;
  for (const byte of [6, 7]) task.progress(value(byte));
  task.completed(value(9));
  expect(
    said.map((message) => [message[0], (message.at(-1) as Uint8Array | undefined)?.[0]]),
  ).toEqual([
    [KIND.EVENT, undefined],
    [KIND.EVENT, 1],
    [KIND.EVENT, 5],
    [KIND.EVENT, 7],
    [KIND.REPLY, 9],
  ]);
});

test("accepted() is said in a moment after a short task before, and not at all when the task has ended by then", async () => {
  const said: Message[] = [];
  const send = (message: Message): void => void said.push(message);
  const peer = new Peer({ send }, { call() {} });
  const clock = new FakeClock();
  const options = {
    pace: { lastMs: 0.1 },
    held: new HeldWords(clock),
    clock,
    isCrowded: () => false,
  };
  const start = (id: number): SessionTask => {
    const task = new SessionTask(
      new IncomingCall(peer, [KIND.CALL, id, "task", null, undefined]),
      options,
    );
    task.accepted();
    return task;
  };
  const short = start(1);
  start(2);
  short.completed(undefined);
  clock.advance(10);
  expect(said.map(([kind, id]) => [kind, id])).toEqual([
    [KIND.REPLY, 1],
    [KIND.EVENT, 2],
  ]);
  expect(clock.pending).toBe(0);
});
