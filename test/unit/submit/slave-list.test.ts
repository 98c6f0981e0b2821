import { expect, test } from "bun:test";
import {
  formatAddress,
  parseSlaves,
  readSlaveFile,
} from "../../../src/master/submit/slave-list.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { failureOf } from "./failure-of.ts";

const list = (...words: string[]): string[] => parseSlaves(words).map(formatAddress);

const LISTS: [words: string[], slaves: string[]][] = [
  [["n1"], ["n1:7236"]],
  [["n1:8080"], ["n1:8080"]],
  [
    ["10.0.0.1:80", "10.0.0.2"],
    ["10.0.0.1:80", "10.0.0.2:7236"],
  ],
  [["n[08-11]:9"], ["n08:9", "n09:9", "n10:9", "n11:9"]],
  [["n[1,3,5-7]"], ["n1:7236", "n3:7236", "n5:7236", "n6:7236", "n7:7236"]],
  [["r[1-2]n[1-2]:5"], ["r1n1:5", "r1n2:5", "r2n1:5", "r2n2:5"]],
  [["h:[7236-7238]"], ["h:7236", "h:7237", "h:7238"]],
  [["[::1]"], ["[::1]:7236"]],
  [["[::1]:99"], ["[::1]:99"]],
  [["[::1]:[98-99]"], ["[::1]:98", "[::1]:99"]],
  [["fe80::1"], ["[fe80::1]:7236"]],
  [["n[1-2],m1:5 k"], ["n1:7236", "n2:7236", "m1:5", "k:7236"]],
  [
    ["a", "A:7236", "a:7236", "b"],
    ["a:7236", "b:7236"],
  ],
  [[], []],
];

for (const [words, slaves] of LISTS) {
  test(`parseSlaves() reads ${JSON.stringify(words)}`, () => {
    expect(list(...words)).toEqual(slaves);
  });
}

const FAULTS: [word: string, message: RegExp][] = [
  [":80", /slave ":80": the host is missing/],
  ["n1:", /the port after ':' is missing/],
  ["n1:0", /"0" is not a port/],
  ["n1:70000", /"70000" is not a port/],
  ["n1:x", /"x" is not a port/],
  ["n1:1:2", /"1:2" is not a port/],
  ["http://n1:1", /"http:\/\/" is not part/],
  ["n_1!", /"n_1!" is not a host/],
  ["-n", /"-n" is not a host/],
  ["n[9-1]", /slave "n\[9-1\]": range 9-1 runs backwards/],
  ["n[a-b]", /"\[a-b\]" is not a range/],
  ["n[1-3", /bracket is not closed/],
  ["n1-3]", /bracket is not closed or not opened/],
  ["n[]", /"\[\]" is not a range/],
  ["n[1-20000]", /make more than 10000/],
  ["n[1-999][1-999]", /make more than 10000/],
  ["n[0-999999999]", /make more than 10000/],
];

for (const [word, message] of FAULTS) {
  test(`parseSlaves() names what is wrong with "${word}"`, () => {
    expect(() => parseSlaves([word])).toThrow(message);
  });
}

test("parseSlaves() has a limit over all words", () => {
  expect(() => parseSlaves(["n[1-9000]", "m[1-9000]"])).toThrow(/more than 10000 slaves in all/);
});

test("readSlaveFile() takes one slave a line and leaves out comments", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("slaves", "# the rack\nn[1-2]:5  # two\r\n\n  m1\n");
  expect(list(...(await readSlaveFile(path)))).toEqual(["n1:5", "n2:5", "m1:7236"]);
});

test("readSlaveFile() names the file and line of a fault", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("slaves", "n1\nn2:99999\n");
  expect((await failureOf(readSlaveFile(path))).message).toMatch(
    /"99999" is not a port .*slaves, line 2/,
  );
  await folder.write("slaves", "# nothing\n");
  expect((await failureOf(readSlaveFile(path))).message).toMatch(/names no slave/);
  expect((await failureOf(readSlaveFile(folder.file("none")))).message).toMatch(
    /Cannot read slave file/,
  );
});
