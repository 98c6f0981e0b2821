import { expect, test } from "bun:test";
import { letGo } from "../../../src/core/let-go.ts";

test("letGo() gives large memory back, whichever view of it is named; small memory stays", () => {
  const large = new Uint8Array(100_000);
  letGo(large.subarray(10, 20));
  expect([large.length, large.buffer.byteLength]).toEqual([0, 0]);
  letGo(large);
  const small = new Uint8Array(100);
  letGo(small);
  expect(small.length).toBe(100);
  const shared = new Uint8Array(new SharedArrayBuffer(100_000));
  letGo(shared);
  expect(shared.length).toBe(100_000);
});
