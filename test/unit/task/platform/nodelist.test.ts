import { expect, test } from "bun:test";
import { expandNodelist } from "../../../../src/task/platform/nodelist.ts";

test.each([
  ["n1", "n1"],
  ["SH-IDC1-10-5-[38-40]", "SH-IDC1-10-5-38 SH-IDC1-10-5-39 SH-IDC1-10-5-40"],
  ["SH-[1-3,5]", "SH-1 SH-2 SH-3 SH-5"],
  ["n[01-03,07],gpu[1-2]", "n01 n02 n03 n07 gpu1 gpu2"],
  ["a[1-2],b[3]", "a1 a2 b3"],
  ["n[8-11]", "n8 n9 n10 n11"],
  ["n[008-011]", "n008 n009 n010 n011"],
  ["n[98-101]", "n98 n99 n100 n101"],
  ["r[1-2]n[01-02]", "r1n01 r1n02 r2n01 r2n02"],
  ["n[1-2]-ib,login", "n1-ib n2-ib login"],
  ["rack[0-1,a[5-6]]", "rack0 rack1 racka5 racka6"],
  ["n[1,1]", "n1 n1"],
  [
    "n[1-3,07-09],gpu-a[01-02]x[1-2],solo",
    "n1 n2 n3 n07 n08 n09 gpu-a01x1 gpu-a01x2 gpu-a02x1 gpu-a02x2 solo",
  ],
  ["  n[3]  ", "n3"],
  ["node-1.example.org,10.0.0.[1-2]", "node-1.example.org 10.0.0.1 10.0.0.2"],
])("expandNodelist(%p)", (text, names) => {
  expect(expandNodelist(text)).toEqual(names.split(" "));
});

test.each([
  "",
  "n[1-2",
  "n1]",
  "n[]",
  "n[3-1]",
  "a,,b",
  "a,",
  "n 1",
  "n[1,,2]",
  "n[1-9999999]",
  "n[1-]",
  "n[-3]",
  "n[1-5:2]",
])("expandNodelist(%p) is refused", (text) => {
  expect(() => expandNodelist(text)).toThrow(/^Cannot read list of nodes/);
});

test("expandNodelist() stops before it is too much: brackets multiply", () => {
  expect(() => expandNodelist("a[1-9999]b[1-9999]c[1-9999]")).toThrow("more than 100000 nodes");
});
