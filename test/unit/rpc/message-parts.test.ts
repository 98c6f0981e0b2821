import { expect, test } from "bun:test";
import { decodeMessages, encodeMessage, KIND, type Message } from "../../../src/rpc/message.ts";
import { encodeAck, encodeParts } from "../../../src/rpc/message-parts.ts";

const counts = [0, 1, 127, 128, 255, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 12_345];
const bodies = [0, 1, 255, 256, 70_000].map((length) => new Uint8Array(length).fill(7));

function joined(message: Message): Message {
  const { head, body } = encodeParts(message);
  const messages: Message[] = [];
  decodeMessages(Buffer.concat([head, body ?? new Uint8Array(0)]), (one) => messages.push(one));
  expect(messages).toHaveLength(1);
  return messages[0] as Message;
}

/** What the codec's own way makes of it; no body is nil there and here. */
function plain(message: Message): Message {
  let decoded: Message | undefined;
  decodeMessages(encodeMessage(message), (one) => (decoded = one));
  return decoded as Message;
}

function* messages(): Generator<Message> {
  for (const body of bodies) {
    yield [KIND.CALL, 1, "task", ["id", 1], body];
    yield [KIND.EVENT, 1, "progress", body];
  }
  for (const count of counts) {
    yield [KIND.CALL, count, "m", null, bodies[0]];
    yield [KIND.REPLY, count, bodies[1]];
    yield [KIND.CANCEL, count];
    yield [KIND.FAIL, count, { code: "task.failed", message: "no" }];
  }
  yield [KIND.CALL, 7, "a method with a name — längere", { path: "/x".repeat(10_000) }, bodies[1]];
  for (const id of ["", "plain", "x".repeat(255), "x".repeat(256), "längere", "\u{1F600}"]) {
    for (const attempt of [1, 127, 128, -1, 1.5]) {
      yield [KIND.CALL, 7, "task", [id, attempt], bodies[1]];
    }
  }
  for (const meta of [[], ["id"], [1, "id"], ["id", 1, 2], [null, 1], { id: 1 }, "id"]) {
    yield [KIND.CALL, 7, "task", meta, bodies[1]];
  }
  yield [KIND.EVENT, 1, "n", bodies[2]];
  yield [KIND.BYE, "done"];
}

test("encodeParts() writes what the codec reads as the same message, whatever its numbers and lengths", () => {
  for (const message of messages()) expect(joined(message)).toEqual(plain(message));
});

test("encodeParts() without a body writes one that is read as none", () => {
  const none = undefined;
  expect(joined([KIND.REPLY, 3, none])[2] ?? none).toBeUndefined();
  expect(joined([KIND.EVENT, 3, "accepted", none])[3] ?? none).toBeUndefined();
  expect(joined([KIND.CALL, 3, "task", ["id", 1], none])[4] ?? none).toBeUndefined();
});

test("encodeParts() keeps a body as it is, and its head in memory of its own", () => {
  const body = new Uint8Array(100_000);
  const first = encodeParts([KIND.REPLY, 1, body]);
  const bytes = [...first.head];
  encodeParts([KIND.REPLY, 2, undefined]);
  expect(first.body).toBe(body);
  expect([...first.head]).toEqual(bytes);
  expect(first.head.buffer.byteLength).toBe(first.head.length);
});

test("encodeAck() is read as the ACK of any count", () => {
  for (const count of counts) {
    decodeMessages(encodeAck(count), (message) => expect(message).toEqual([KIND.ACK, count]));
  }
});
