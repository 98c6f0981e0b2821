import { expect, test } from "bun:test";
import { Fifo } from "../../../src/slave/fifo.ts";

test("Fifo gives back in order what was not taken out from between", () => {
  const fifo = new Fifo<string>();
  for (const item of ["a", "b", "c", "d"]) fifo.push(item);
  expect(fifo.delete("b")).toBe(true);
  expect(fifo.delete("b")).toBe(false);
  expect([fifo.size, fifo.has("b"), fifo.peek()]).toEqual([3, false, "a"]);
  expect([fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()]).toEqual([
    "a",
    "c",
    "d",
    undefined,
  ]);
});

test("Fifo costs no more for each when very many wait", () => {
  const drain = (count: number): number => {
    const fifo = new Fifo<number>();
    for (let item = 0; item < count; item++) fifo.push(item);
    const start = performance.now();
    for (let item = 0; item < count; item++) expect(fifo.shift()).toBe(item);
    return (performance.now() - start) / count;
  };
  drain(10_000);
  expect(drain(200_000)).toBeLessThan(20 * drain(10_000));
});
