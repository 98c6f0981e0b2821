import { expect, test } from "bun:test";
import type { MessageParts } from "../../../src/rpc/message-parts.ts";
import { Outbox } from "../../../src/rpc/outbox.ts";

const of = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
const message = (...bytes: number[]): MessageParts => ({ head: of(...bytes), body: undefined });
const long = (length: number): MessageParts => ({ head: new Uint8Array(length), body: undefined });
const wide = { bytes: 1_000_000, messages: 1_000 };

test("next() joins what waits, prefix first, and gives nothing twice", () => {
  const outbox = new Outbox(wide);
  outbox.add(message(1, 2));
  outbox.add(message(3));
  expect([...(outbox.next(of(9)) ?? [])]).toEqual([9, 1, 2, 3]);
  expect(outbox.next(of(9))).toBeUndefined();
});

test("next() puts a body right behind its head, in memory of the frame's own", () => {
  const outbox = new Outbox(wide);
  const body = new Uint8Array(new ArrayBuffer(1_000), 500, 2).fill(7);
  outbox.add({ head: of(1), body });
  outbox.add(message(2));
  const frame = outbox.next() as Uint8Array;
  expect([...frame]).toEqual([1, 7, 7, 2]);
  outbox.add({ head: of(), body });
  expect(outbox.next()?.buffer.byteLength).toBe(2);
});

test("next() holds back what is over the window until some is acknowledged", () => {
  const outbox = new Outbox({ bytes: 1_000, messages: 2 });
  for (let value = 1; value <= 3; value++) outbox.add(message(value));
  expect([...(outbox.next() ?? [])]).toEqual([1, 2]);
  expect(outbox.next()).toBeUndefined();
  outbox.acknowledge(1);
  expect([...(outbox.next() ?? [])]).toEqual([3]);
});

test("next() lets one message pass that is larger than the window", () => {
  const outbox = new Outbox({ bytes: 10, messages: 100 });
  outbox.add(long(50));
  outbox.add(message(1));
  expect(outbox.next()?.length).toBe(50);
  expect(outbox.next()).toBeUndefined();
  outbox.acknowledge(1);
  expect(outbox.next()?.length).toBe(1);
});

test("rewind() says again what the other end lacks, and only that", () => {
  const outbox = new Outbox(wide);
  for (let value = 1; value <= 4; value++) outbox.add(message(value));
  outbox.next();
  outbox.add(message(5));
  expect(outbox.rewind(2)).toBe(true);
  expect([...(outbox.next() ?? [])]).toEqual([3, 4, 5]);
});

test("acknowledge() refuses what was never sent, and what was acknowledged before", () => {
  const outbox = new Outbox(wide);
  outbox.add(message(1));
  expect(outbox.acknowledge(1)).toBe(false);
  outbox.next();
  expect(outbox.acknowledge(1)).toBe(true);
  expect(outbox.acknowledge(0)).toBe(false);
  expect(outbox.rewind(2)).toBe(false);
});

test("acknowledge() forgets: counts and bytes come back to nothing over many rounds", () => {
  const outbox = new Outbox(wide);
  let total = 0;
  for (let round = 0; round < 50; round++) {
    for (let index = 0; index < 100; index++) outbox.add(long(10));
    while (outbox.next()) {
      // everything goes out
    }
    total += 100;
    expect(outbox.acknowledge(total)).toBe(true);
  }
  expect([outbox.size, outbox.bytes, outbox.waiting]).toEqual([0, 0, 0]);
});
