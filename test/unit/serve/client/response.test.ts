import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { Tensor } from "../../../../src/protocol/tensor.ts";
import { Answers } from "../../../../src/serve/client/answers.ts";
import { joinResults } from "../../../../src/serve/client/join-results.ts";
import {
  arrange,
  failure,
  success,
  type Collected,
  type Response,
} from "../../../../src/serve/client/response.ts";

function collectedOf(ids: string[]): Collected[] {
  return ids.map((id, index) => ({ response: success(id, `r${id}`), order: index + 1 }));
}

test("arrange() sorts ids as numbers, others by the order of their requests", () => {
  const numbers = collectedOf(["10", "9", "2", "11", "1"]);
  expect(arrange(numbers, {})).toEqual(["r1", "r2", "r9", "r10", "r11"]);
  expect(arrange(numbers, { sort: false })).toEqual(["r10", "r9", "r2", "r11", "r1"]);
  const named = collectedOf(["b", "10", "a"]).toReversed();
  expect(arrange(named, {})).toEqual(["rb", "r10", "ra"]);
  const parseId = (id: string): number => -Number(id.slice(1));
  expect(arrange(collectedOf(["x1", "x3", "x2"]), { parseId })).toEqual(["rx3", "rx2", "rx1"]);
});

test("arrange() gives whole responses, or throws with all failures named", () => {
  const failed = failure("2", new DingError("task.failed", "no"));
  const all: Collected[] = [...collectedOf(["1"]), { response: failed, order: 2 }];
  expect(failed).toMatchObject({ embedding: undefined, errorCode: 1, errorMessage: "no" });
  expect(arrange(all, { returnId: true })).toEqual([success("1", "r1"), failed]);
  expect(success("1", 1)).toMatchObject({ errorCode: 0, errorMessage: "" });
  let thrown: unknown;
  try {
    arrange(all, {});
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: "task.failed",
    details: { count: 1, failed: [{ id: "2", code: "task.failed", message: "no" }] },
  });
});

test("failure() of a request whose signal aborted says that it was cancelled", () => {
  const reason = new Error("enough");
  const { errorMessage, error } = failure("1", reason, AbortSignal.abort(reason));
  expect([errorMessage, error?.code, error?.cause]).toEqual(["enough", "task.cancelled", reason]);
  const fault = failure("1", new Error("no"), AbortSignal.abort(reason));
  expect(fault.error?.code).toBe("internal.bug");
  const late = new DingError("task.timed-out", "late");
  expect(failure("1", late, AbortSignal.abort(late)).error).toBe(late);
});

test("joinResults() joins what is of one kind", () => {
  expect(joinResults([])).toEqual([]);
  expect(joinResults([new Float32Array([1]), new Float32Array([2, 3])])).toEqual(
    new Float32Array([1, 2, 3]),
  );
  expect(joinResults([new BigInt64Array([1n]), new BigInt64Array([2n])])).toEqual(
    new BigInt64Array([1n, 2n]),
  );
  expect(joinResults([[1], [2, 3]])).toEqual([1, 2, 3]);
  expect(joinResults([1, 2])).toEqual([1, 2]);
  const rows = { y: new Float32Array([1]), z: [1] };
  expect(joinResults([rows, rows])).toEqual({ y: new Float32Array([1, 1]), z: [1, 1] });
  const tensor = new Tensor(new Float32Array([1, 2]), [1, 2]);
  expect(joinResults([tensor, tensor])).toEqual(new Tensor(new Float32Array([1, 2, 1, 2]), [2, 2]));
});

test("joinResults() refuses what is not of one kind", () => {
  const rows: unknown[][] = [
    [new Float32Array(1), new Float64Array(1)],
    [[1], 2],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [new Tensor(new Float32Array(2), [1, 2]), new Tensor(new Float32Array(3), [1, 3])],
    [new Tensor(new Float32Array(1), []), new Tensor(new Float32Array(1), [])],
  ];
  for (const results of rows) expect(() => joinResults(results)).toThrow(/Cannot join results/);
});

test("Answers gives what has come, waits for what comes, and ends when nothing is left", async () => {
  const answers = new Answers();
  expect(await answers.next()).toBeUndefined();
  const [one, two, three] = [1, 2, 3].map((order) => answers.expect(order)) as ((
    response: Response,
  ) => void)[];
  two?.(success("2", "b"));
  expect([answers.pending, answers.ready]).toEqual([2, 1]);
  expect((await answers.next())?.response.id).toBe("2");
  const waiting = [answers.next(), answers.next(), answers.next()];
  one?.(success("1", "a"));
  three?.(success("3", "c"));
  const ids = (await Promise.all(waiting)).map((next) => next?.response.id);
  expect(ids).toEqual(["1", "3", undefined]);
  answers.giveBack([{ response: success("2", "b"), order: 2 }]);
  expect((await answers.next())?.order).toBe(2);
});

test("Answers keeps the order of very many", async () => {
  const answers = new Answers();
  const told: string[] = [];
  for (let round = 0; round < 5_000; round++) answers.expect(round)(success(`${round}`, round));
  for (let next = await answers.next(); next; next = await answers.next()) {
    told.push(next.response.id);
  }
  expect(told).toEqual(Array.from({ length: 5_000 }, (_, index) => `${index}`));
});
