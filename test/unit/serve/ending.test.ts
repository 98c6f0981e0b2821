import { expect, test } from "bun:test";
import { Ending } from "../../../src/serve/ending.ts";

test("hear() calls back at the end, in the order of those who listen, and at once behind it", () => {
  const ending = new Ending<number>();
  const heard: string[] = [];
  for (const name of ["a", "b", "c"]) ending.hear((value) => heard.push(`${name}${value}`));
  expect(heard).toEqual([]);
  ending.end(1);
  expect(heard).toEqual(["a1", "b1", "c1"]);
  ending.hear((value) => heard.push(`d${value}`));
  expect(heard).toEqual(["a1", "b1", "c1", "d1"]);
});
