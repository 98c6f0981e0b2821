import { expect, test } from "bun:test";
import { copyWithRoom, frameInPlace, noteBody } from "../../../src/rpc/headroom.ts";
import { decodeMessages, encodeMessage, KIND, type Message } from "../../../src/rpc/message.ts";
import { encodeParts } from "../../../src/rpc/message-parts.ts";
import { Outbox } from "../../../src/rpc/outbox.ts";

const large = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
const head = new Uint8Array([1, 2, 3]);

function messagesOf(frame: Uint8Array): Message[] {
  const messages: Message[] = [];
  decodeMessages(frame, (message) => messages.push(message));
  return messages;
}

test("copyWithRoom() leaves room in front of large bytes, none in front of small ones", () => {
  const copy = copyWithRoom(large);
  expect(copy).toEqual(large);
  expect(frameInPlace(head, copy)).toEqual(new Uint8Array([...head, ...large]));
  expect(frameInPlace(new Uint8Array(300), copy)).toBeUndefined();
  const small = copyWithRoom(large.subarray(0, 1_000));
  expect([small.buffer.byteLength, frameInPlace(head, small)]).toEqual([1_000, undefined]);
});

test("frameInPlace() does not write in front of bytes that it knows nothing of", () => {
  const memory = new Uint8Array(80_000).fill(9);
  expect(frameInPlace(head, memory.subarray(5_000))).toBeUndefined();
  expect(memory[4_999]).toBe(9);
});

test("noteBody() frees what is in front of a body that is the only one and the last", () => {
  for (const [isFirst, end, frees] of [
    [true, 80_000, true],
    [false, 80_000, false],
    [true, 79_999, false],
  ] as const) {
    const frame = new Uint8Array(80_000);
    noteBody(frame, frame.subarray(100, end), isFirst);
    expect(frameInPlace(head, frame.subarray(100)) !== undefined).toBe(frees);
  }
});

test("a large body goes on in the memory in which it came, behind another head", () => {
  const came = encodeMessage([KIND.CALL, 70_000, "task", ["some id", 1], large]);
  const [call] = messagesOf(came);
  if (call?.[0] !== KIND.CALL) throw new Error("no call");
  const outbox = new Outbox({ bytes: 1e9, messages: 1e9 });
  outbox.add(encodeParts([KIND.CALL, 5, "task", ["some id", 1], call[4]]));
  const frame = outbox.next() as Uint8Array;
  expect(frame.buffer).toBe(came.buffer);
  expect(messagesOf(frame)).toEqual([[KIND.CALL, 5, "task", ["some id", 1], large]]);
  outbox.rewind(0);
  expect(messagesOf(outbox.next() as Uint8Array)).toEqual(messagesOf(frame));
});

test("bodies of one frame do not write into each other", () => {
  const first = encodeMessage([KIND.REPLY, 1, large]);
  const second = encodeMessage([KIND.REPLY, 2, large]);
  const came = messagesOf(new Uint8Array([...first, ...second]));
  const outbox = new Outbox({ bytes: 1e9, messages: 1e9 });
  for (const reply of came) outbox.add(encodeParts(reply));
  const frames = [outbox.next(), outbox.next()] as Uint8Array[];
  expect(frames.flatMap(messagesOf)).toEqual([
    [KIND.REPLY, 1, large],
    [KIND.REPLY, 2, large],
  ]);
});
