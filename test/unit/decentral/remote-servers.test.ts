import { describe, expect, test } from "bun:test";
import { readBrackets } from "../../../src/config/brackets.ts";
import { remoteServers } from "../../../src/decentral/remote-servers.ts";
import { readServerFile } from "../../../src/decentral/server-file.ts";

const TWO = [
  { ip: "10.0.0.1", port: 8996, portOut: 8998 },
  { ip: "10.0.0.2", port: 8996, portOut: 8998 },
];

describe("remoteServers()", () => {
  const spellings: [string, unknown[]][] = [
    [
      "the documentation's list",
      readBrackets("[[10.0.0.1, 8996, 8998], [10.0.0.2, 8996, 8998]]") as unknown[],
    ],
    ["HOST:PORT:PORT_OUT", ["10.0.0.1:8996:8998,10.0.0.2:8996:8998"]],
    ["one text each", ["10.0.0.1:8996:8998", "10.0.0.2:8996:8998"]],
    ["quoted JSON", JSON.parse('[["10.0.0.1",8996,8998],["10.0.0.2",8996,8998]]') as unknown[]],
  ];
  for (const [what, entries] of spellings) {
    test(`reads ${what}`, () => expect(remoteServers(entries)).toEqual(TWO));
  }

  const files: [string, string][] = [
    ["the list as it is typed", "[[10.0.0.1, 8996, 8998],\n [10.0.0.2, 8996, 8998]]\n"],
    ["a server a line", "# ours\n10.0.0.1:8996:8998\n\n10.0.0.2:8996:8998 # new\n"],
  ];
  for (const [what, text] of files) {
    test(`reads a file with ${what}`, () => {
      expect(remoteServers(["servers.txt"], () => text)).toEqual(TWO);
    });
  }

  test("reads more servers than a file's name has letters", () => {
    const names = Array.from({ length: 400 }, (_, n) => `10.0.0.${n}:8900`);
    expect(remoteServers([names.join(",")], readServerFile)).toHaveLength(400);
  });

  test("refuses a file without a server", () => {
    const read = (): unknown => remoteServers(["servers.txt"], () => "# none yet\n");
    expect(read).toThrow('Cannot use remote server "servers.txt": the file names no server');
  });

  test("needs no second port", () => {
    expect(remoteServers(["n1:8900", ["n2", 8900]])).toEqual([
      { ip: "n1", port: 8900, portOut: undefined },
      { ip: "n2", port: 8900, portOut: undefined },
    ]);
    expect(remoteServers([["::1", 8900]])).toMatchObject([{ ip: "::1" }]);
  });

  const faults: [unknown, string][] = [
    ["n1", 'Cannot use remote server "n1": the port is missing'],
    ["./n1.txt", 'Cannot use remote server "./n1.txt": there is no such file'],
    [["n1"], 'Cannot use remote server "["n1"]": the port is missing'],
    [["n1", 70_000], 'Cannot use remote server "["n1",70000]": 70000 is no port'],
    [[8900, "n1"], 'Cannot use remote server "[8900,"n1"]": its first part is no address'],
    [["n1", 1, 2, 3], 'Cannot use remote server "["n1",1,2,3]": it has more than three parts'],
    [7, 'Cannot use remote server "7": it is no list and no text'],
    ["a:1,a:1", 'Cannot use remote server "a:1": it is there twice'],
  ];
  for (const [entry, message] of faults) {
    test(`refuses ${JSON.stringify(entry)}`, () => {
      expect(() => remoteServers([entry])).toThrow(message);
    });
  }
});
