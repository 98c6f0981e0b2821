import { expect, test } from "bun:test";
import { compareVersions } from "../../../src/serve/version-order.ts";

test("compareVersions() puts numbers in their order, and a name before all of them", () => {
  const versions = ["10", "beta", "2", "1.10", "alpha", "1.9", "1"];
  expect(versions.toSorted(compareVersions)).toEqual([
    "alpha",
    "beta",
    "1",
    "1.9",
    "1.10",
    "2",
    "10",
  ]);
});
