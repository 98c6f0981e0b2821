import { expect, test } from "bun:test";
import type { GroupHead } from "../../../../src/serve/frame-groups.ts";
import { frameWith, groupBytes, NO_PART, readHead } from "../../../../src/serve/frame-head.ts";

const plain = { place: undefined, computeMs: 0, part: NO_PART, count: 0 };

function tensors(rows: number, tail: number[], lengths: number | number[]): GroupHead[] {
  return [[0, rows, 1, [["x", "FP32", tail, lengths]]]];
}

/** What is read of a head that was written. */
function there(groups: readonly GroupHead[], rest: object = {}) {
  const { frame } = frameWith({ ...plain, ...rest, groups }, groupBytes(groups), 8);
  return readHead(frame);
}

test("readHead() gives what frameWith() was given, whatever was written and read before", () => {
  for (let turn = 0; turn < 3; turn++) {
    for (let rows = 1; rows < 200; rows++) {
      const groups = tensors(rows, [64, rows % 7], rows % 2 ? 256 : [1, rows]);
      expect(there(groups).groups).toEqual(groups);
    }
  }
});

test("numbers of a frame are its own, also where the groups were seen before", () => {
  const groups = tensors(2, [3], 12);
  const place = { at: 5 * 2 ** 31, bytes: 4_096 };
  const rest = { place, computeMs: 1.25, part: 3 * 2 ** 20, count: -7 };
  expect(there(groups)).toMatchObject({ ...plain, groups });
  expect(there(groups, rest)).toMatchObject({ ...rest, groups });
  expect(there(groups)).toMatchObject({ ...plain, groups });
});

test("bytes begin aligned, and behind long heads too", () => {
  for (const count of [1, 2, 3, 100, 10_000]) {
    const lengths = Array.from({ length: count }, (_, index) => index);
    const { start, groups } = there(tensors(count, [1], lengths));
    expect(start % 8).toBe(0);
    expect(groups).toEqual(tensors(count, [1], lengths));
  }
});

test("errors are not shared between those who asked", () => {
  const groups: GroupHead[] = [[2, { code: "task.failed", message: "no" }]];
  const [one, other] = [there(groups).groups[0], there(groups).groups[0]];
  expect(one).toEqual(other);
  expect(one?.[1]).not.toBe(other?.[1]);
});
