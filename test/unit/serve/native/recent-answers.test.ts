import { expect, test } from "bun:test";
import { RecentAnswers } from "../../../../src/serve/native/recent-answers.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function newAnswers(limits: { maxEntries?: number; maxBytes?: number } = {}): {
  answers: RecentAnswers<string>;
  clock: FakeClock;
} {
  const clock = new FakeClock();
  const answers = new RecentAnswers<string>({
    clock,
    keepMs: 100,
    maxEntries: 3,
    maxBytes: 10,
    ...limits,
  });
  return { answers, clock };
}

test("get() knows what was put, for its time", () => {
  const { answers, clock } = newAnswers();
  answers.put("a", "A", 1);
  clock.advance(60);
  answers.put("b", "B", 1);
  expect([answers.get("a"), answers.get("b"), answers.get("c")]).toEqual(["A", "B", undefined]);
  clock.advance(40);
  expect([answers.get("a"), answers.get("b")]).toEqual([undefined, "B"]);
  expect(answers.size).toBe(1);
  clock.advance(60);
  answers.put("c", "C", 1);
  expect(answers.size).toBe(1);
});

test("put() forgets the oldest when there are too many, or too many bytes", () => {
  const { answers } = newAnswers();
  for (const key of ["a", "b", "c", "d"]) answers.put(key, key, 1);
  expect([answers.get("a"), answers.get("b"), answers.size]).toEqual([undefined, "b", 3]);
  answers.put("e", "e", 9);
  expect([answers.get("c"), answers.get("d"), answers.get("e")]).toEqual([undefined, "d", "e"]);
  answers.put("f", "f", 11);
  expect([answers.get("e"), answers.get("f")]).toEqual(["e", undefined]);
});

test("put() of a known key takes the new value, and counts its bytes once", () => {
  const { answers } = newAnswers();
  for (let round = 0; round < 5; round++) answers.put("a", `${round}`, 4);
  answers.put("b", "b", 6);
  expect([answers.get("a"), answers.get("b")]).toEqual(["4", "b"]);
});
