import { expect, test } from "bun:test";
import { StreamWindow, TakenCount } from "../../../src/serve/stream-window.ts";

const MiB = 1024 * 1024;

test("StreamWindow is full by pieces or by bytes, and has room when enough is taken", () => {
  const byPieces = new StreamWindow();
  for (let piece = 0; piece < 255; piece++) byPieces.sent(1);
  expect(byPieces.isFull).toBe(false);
  byPieces.sent(1);
  expect(byPieces.isFull).toBe(true);
  byPieces.taken(1);
  expect(byPieces.isFull).toBe(false);
  const byBytes = new StreamWindow();
  byBytes.sent(MiB - 1);
  expect(byBytes.isFull).toBe(false);
  byBytes.sent(100 * MiB);
  byBytes.taken(1);
  expect(byBytes.isFull).toBe(true);
  byBytes.taken(1);
  expect(byBytes.isFull).toBe(false);
});

test("TakenCount tells in time for a full window of any sizes to have room again, and not of each piece", () => {
  for (const bytes of [0, 1, 5_000, 300_000, 10 * MiB]) {
    const window = new StreamWindow();
    const count = new TakenCount();
    const unread: number[] = [];
    let told = 0;
    const isFull = (): boolean => window.isFull;
    for (let round = 0; round < 1_000; round++) {
      while (!isFull()) {
        window.sent(bytes);
        unread.push(bytes);
      }
      for (let next = unread.shift(); next !== undefined; next = unread.shift()) {
        const due = count.add(next);
        if (due > 0) told += 1;
        window.taken(due);
      }
      expect(isFull()).toBe(false);
    }
    expect(told).toBeLessThanOrEqual(4_000);
  }
});
