import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { MemoryLink } from "../../../src/link/memory.ts";
import { encodeMessage, KIND, type Message } from "../../../src/rpc/message.ts";
import { encodeAck } from "../../../src/rpc/message-parts.ts";
import { Session } from "../../../src/rpc/session.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { until } from "../../support/until.ts";

const options = { heartbeatMs: 1_000, toleranceMs: 4_000 };

/** A session and everything that happened to it. */
function record(clock: FakeClock): {
  session: Session;
  got: unknown[];
  log: string[];
  errors: (DingError | undefined)[];
} {
  const session = new Session({ ...options, id: "session-1", clock });
  const got: unknown[] = [];
  const log: string[] = [];
  const errors: (DingError | undefined)[] = [];
  session.listen({
    message: (message) => void got.push(message[2]),
    detached: (reason) => void log.push(reason),
    ended: (error) => void errors.push(error),
  });
  return { session, got, log, errors };
}

function connect(left: Session, right: Session): [MemoryLink, MemoryLink] {
  const [near, far] = MemoryLink.pair();
  const [leftHas, rightHas] = [left.received, right.received];
  expect(left.attach(near, rightHas, 60_000)).toBe(true);
  expect(right.attach(far, leftHas, 60_000)).toBe(true);
  return [near, far];
}

const event = (name: string): Message => [KIND.EVENT, 1, name, undefined];

test("send() delivers in order, and what was said before the first link too", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const right = record(clock);
  left.session.send(event("a"));
  connect(left.session, right.session);
  for (const name of ["b", "c", "d"]) left.session.send(event(name));
  await until(() => right.got.length === 4, { what: "four events" });
  expect(right.got).toEqual(["a", "b", "c", "d"]);
});

test("attach() after a broken link says again what was lost, and nothing twice", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const right = record(clock);
  const [near] = connect(left.session, right.session);
  for (let index = 0; index < 10; index++) left.session.send(event(`n${index}`));
  await until(() => right.got.length === 10, { what: "the first ten" });
  left.session.send(event("n10"));
  near.terminate();
  left.session.send(event("n11"));
  await until(() => right.log.length === 1, { what: "the break on the right" });
  expect(left.log).toEqual(["closed"]);
  connect(left.session, right.session);
  await until(() => right.got.length === 12, { what: "the rest" });
  expect(right.got).toEqual(Array.from({ length: 12 }, (_, index) => `n${index}`));
});

test("an ACK rides with what is said once enough has come, and alone after its delay", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const [near, far] = MemoryLink.pair();
  const frames: number[][] = [];
  far.listen({ frame: (bytes) => void frames.push([...bytes]), close() {} });
  left.session.attach(near, 0, 60_000);
  const hear = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) far.send(encodeMessage(event("n")));
    await clock.play(0);
    left.session.send(event("a"));
    await clock.play(0);
  };
  await hear(1);
  const alone = frames.splice(0).flat();
  await hear(31);
  const withAck = frames.splice(0).flat();
  expect(withAck).toEqual([...encodeAck(32), ...alone]);
  await hear(1);
  expect(frames.splice(0).flat()).toEqual(alone);
  await clock.play(20);
  expect(frames.flat()).toEqual([...encodeAck(33)]);
});

test("ACKs of a conversation ride with its answers, and no frame is sent for them alone", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const [near, far] = MemoryLink.pair();
  let frames = 0;
  far.listen({ frame: () => void (frames += 1), close() {} });
  left.session.attach(near, 0, 60_000);
  for (let turn = 0; turn < 50; turn++) {
    far.send(encodeMessage(event("question")));
    await clock.play(5);
    left.session.send(event("answer"));
    await clock.play(0);
  }
  expect(frames).toBe(50);
  far.send(encodeMessage(event("question")));
  await clock.play(19);
  expect(frames).toBe(50);
  await clock.play(2);
  expect(frames).toBe(51);
});

test("delivered() resolves when the other end has acknowledged", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const right = record(clock);
  connect(left.session, right.session);
  left.session.send(event("a"));
  let isDelivered = false;
  const delivered = left.session.delivered().then(() => (isDelivered = true));
  await until(() => right.got.length === 1, { what: "the event" });
  expect(isDelivered).toBe(false);
  clock.advance(20);
  await delivered;
});

test("a silent link is given up after the tolerance", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const [near] = MemoryLink.pair();
  left.session.attach(near, 0, 60_000);
  for (let ms = 0; ms < 4_500; ms += 500) clock.advance(500);
  expect(left.log).toEqual(["silent"]);
  expect(near.isClosed).toBe(true);
});

test("two idle ends keep each other alive by their heartbeats", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const right = record(clock);
  connect(left.session, right.session);
  for (let ms = 0; ms < 20_000; ms += 250) {
    clock.advance(250);
    await Promise.resolve();
    await Promise.resolve();
  }
  expect([left.log, right.log]).toEqual([[], []]);
});

test("end() says goodbye: both ends have ended, the other with a reason", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const right = record(clock);
  connect(left.session, right.session);
  left.session.end();
  left.session.end();
  await until(() => right.errors.length === 1, { what: "the goodbye" });
  expect(left.errors).toEqual([undefined]);
  expect(right.errors[0]?.details["goodbye"]).toBe(true);
});

test("a frame that is no message ends the session with network.protocol", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const [near, far] = MemoryLink.pair();
  left.session.attach(near, 0, 60_000);
  far.send(new Uint8Array([0xc1, 0xff, 0x00]));
  await until(() => left.errors.length === 1, { what: "the end" });
  expect(left.errors[0]?.code).toBe("network.protocol");
});

test("an acknowledgement of what was never said ends the session", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const [near, far] = MemoryLink.pair();
  left.session.attach(near, 0, 60_000);
  far.send(encodeMessage([KIND.ACK, 5]));
  await until(() => left.errors.length === 1, { what: "the end" });
  expect(left.errors[0]?.code).toBe("network.protocol");
});

test("attach() to a link that has ended already, or says goodbye at once, leaves no timer", async () => {
  const clock = new FakeClock();
  const left = record(clock);
  const [closed] = MemoryLink.pair();
  closed.terminate();
  left.session.attach(closed, 0, 60_000);
  expect([left.log, clock.pending]).toEqual([["closed"], 0]);
  const [near, far] = MemoryLink.pair();
  far.send(encodeMessage([KIND.BYE, "done"]));
  await clock.play(0);
  left.session.attach(near, 0, 60_000);
  await clock.play(0);
  expect([left.errors[0]?.details["goodbye"], clock.pending]).toEqual([true, 0]);
});
