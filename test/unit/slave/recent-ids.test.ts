import { expect, test } from "bun:test";
import { RecentIds } from "../../../src/slave/recent-ids.ts";

test("has() knows the newest ids up to the limit", () => {
  const recent = new RecentIds(2);
  for (const id of ["a", "b", "c"]) recent.add(id);
  expect(["a", "b", "c"].map((id) => recent.has(id))).toEqual([false, true, true]);
});

test("delete() forgets an id, and lets it come again as a new one", () => {
  const recent = new RecentIds(3);
  for (const id of ["a", "b"]) recent.add(id);
  recent.delete("a");
  expect(recent.has("a")).toBe(false);
  for (const id of ["a", "c", "d"]) recent.add(id);
  expect(["a", "b", "c", "d"].map((id) => recent.has(id))).toEqual([true, false, true, true]);
});

test("add() knows nothing with a limit of 0", () => {
  const recent = new RecentIds(0);
  recent.add("a");
  expect(recent.has("a")).toBe(false);
});

test("add() does not slow down as ids are forgotten", () => {
  const recent = new RecentIds(100_000);
  const startedMs = performance.now();
  for (let index = 0; index < 300_000; index++) recent.add(`id-${index}`);
  expect(recent.has("id-200000")).toBe(true);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});
