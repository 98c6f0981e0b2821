import { expect, test } from "bun:test";
import { Assembly } from "../../../../src/broker/pubsub/assembly.ts";
import { packFrame, unpackFrame, type Frame } from "../../../../src/broker/pubsub/frame.ts";

const LIMITS = { maxMessageBytes: 10, maxSenders: 2 };

function frame(seq: number, words: string, more: Partial<Frame> = {}): Frame {
  const body = new TextEncoder().encode(words);
  return { sender: "sender-1", seq, isFirst: true, isLast: true, body, ...more };
}

/** The messages that these frames make. */
function messagesOf(frames: readonly Frame[], assembly: Assembly = new Assembly(LIMITS)): string[] {
  return frames.flatMap((each) => {
    const message = assembly.add(each);
    return message ? [new TextDecoder().decode(message)] : [];
  });
}

const first = { isLast: false };
const middle = { isFirst: false, isLast: false };
const last = { isFirst: false };

test("add() puts parts together, each sender's by itself", () => {
  const other = { sender: "sender-2" };
  const frames = [
    frame(1, "one "),
    frame(2, "a", first),
    frame(7, "x", { ...other, ...first }),
    frame(3, "b", middle),
    frame(8, "y", { ...other, ...last }),
    frame(4, "c", last),
  ];
  expect(messagesOf(frames)).toEqual(["one ", "xy", "abc"]);
});

test("add() lets nothing through twice, and no message with a hole", () => {
  const frames = [
    frame(5, "one"),
    frame(5, "one"),
    frame(4, "zero"),
    frame(6, "a", first),
    frame(8, "c", last), // 7 is lost
    frame(9, "two"),
    frame(11, "end", last), // its beginning is lost
    frame(12, "three"),
  ];
  expect(messagesOf(frames)).toEqual(["one", "two", "three"]);
});

test("add() lets go of what is longer than it may be, and takes the next", () => {
  const frames = [frame(1, "12345678", first), frame(2, "9abc", middle), frame(3, "d", last)];
  expect(messagesOf([...frames, frame(4, "short")])).toEqual(["short"]);
});

test("add() forgets the sender that was silent for longest", () => {
  const assembly = new Assembly(LIMITS);
  const from = (sender: string, seq: number): Frame => frame(seq, `${sender}${seq}`, { sender });
  expect(
    messagesOf([from("a", 1), from("b", 1), from("a", 2), from("c", 1), from("a", 2)], assembly),
  ).toEqual(["a1", "b1", "a2", "c1"]);
  expect(messagesOf([from("b", 1)], assembly)).toEqual(["b1"]);
});

test("unpackFrame() gives what packFrame() was given, beyond 32 bits too", () => {
  const given = frame(2 ** 40 + 3, "body", { sender: "\u0000\u00ff345678", isLast: false });
  expect(unpackFrame(packFrame(given))).toEqual(given);
});

test("unpackFrame() gives undefined for what is none", () => {
  const good = packFrame(frame(1, "x"));
  const wrongMark = good.with(0, 0x7b);
  const wrongFlags = good.with(1, 9);
  for (const bytes of [new Uint8Array(), good.subarray(0, 15), wrongMark, wrongFlags]) {
    expect(unpackFrame(bytes)).toBeUndefined();
  }
});
