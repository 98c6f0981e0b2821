import { expect, test } from "bun:test";
import { Outbox } from "../../../src/rpc/outbox.ts";

const of = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
const wide = { bytes: 1_000_000, messages: 1_000 };

test("next() joins what waits, prefix first, and gives nothing twice", () => {
  const outbox = new Outbox(wide);
  outbox.add(of(1, 2));
  outbox.add(of(3));
  expect([...(outbox.next(of(9)) ?? [])]).toEqual([9, 1, 2, 3]);
  expect(outbox.next(of(9))).toBeUndefined();
});

test("next() holds back what is over the window until some is acknowledged", () => {
  const outbox = new Outbox({ bytes: 1_000, messages: 2 });
  for (let value = 1; value <= 3; value++) outbox.add(of(value));
  expect([...(outbox.next() ?? [])]).toEqual([1, 2]);
  expect(outbox.next()).toBeUndefined();
  expect(outbox.isFull).toBe(true);
  outbox.acknowledge(1);
  expect([...(outbox.next() ?? [])]).toEqual([3]);
});

test("next() lets one message pass that is larger than the window", () => {
  const outbox = new Outbox({ bytes: 10, messages: 100 });
  outbox.add(new Uint8Array(50));
  outbox.add(of(1));
  expect(outbox.next()?.length).toBe(50);
  expect(outbox.next()).toBeUndefined();
  outbox.acknowledge(1);
  expect(outbox.next()?.length).toBe(1);
});

test("rewind() says again what the other end lacks, and only that", () => {
  const outbox = new Outbox(wide);
  for (let value = 1; value <= 4; value++) outbox.add(of(value));
  outbox.next();
  outbox.add(of(5));
  expect(outbox.rewind(2)).toBe(true);
  expect([...(outbox.next() ?? [])]).toEqual([3, 4, 5]);
});

test("acknowledge() refuses what was never sent, and what was acknowledged before", () => {
  const outbox = new Outbox(wide);
  outbox.add(of(1));
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
    for (let index = 0; index < 100; index++) outbox.add(new Uint8Array(10));
    while (outbox.next()) {
      // everything goes out
    }
    total += 100;
    expect(outbox.acknowledge(total)).toBe(true);
  }
  expect([outbox.size, outbox.bytes, outbox.waiting]).toEqual([0, 0, 0]);
});
