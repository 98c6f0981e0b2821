import { expect, test } from "bun:test";
import { strToU8, zipSync, type Zippable } from "fflate";
import { readZip } from "../../../../src/task/package/read-zip.ts";

const zipOf = (files: Zippable): Uint8Array => zipSync(files);
const MAIN = strToU8("export const main = () => {};");
const UNIX = 3;

test("readZip() gives files and folders as they were packed, also with a comment behind them", () => {
  const script: Zippable[string] = [MAIN, { os: UNIX, attrs: 0o100_755 << 16 }];
  const zip = zipOf({ "main.ts": MAIN, "data/": new Uint8Array(), "bin/run": script });
  const comment = strToU8("said at the end");
  const commented = new Uint8Array([...zip, ...comment]);
  commented[zip.length - 2] = comment.length;
  for (const bytes of [zip, commented]) {
    expect(readZip(bytes)).toEqual([
      { name: "main.ts", bytes: MAIN, isExecutable: false },
      { name: "data/", bytes: new Uint8Array(), isExecutable: false },
      { name: "bin/run", bytes: MAIN, isExecutable: true },
    ]);
  }
});

test.each(["../a.ts", "a/../../b.ts", "/etc/a.ts", "C:/a.ts", "a\\..\\b.ts"])(
  "readZip() refuses %s, which would leave the folder",
  (name) => {
    expect(() => readZip(zipOf({ "main.ts": MAIN, [name]: MAIN }))).toThrow(
      `Cannot use package: "${name}" would lie outside of it`,
    );
  },
);

test("readZip() refuses links, what is encrypted, and more than it may hold", () => {
  const link: Zippable[string] = [strToU8("/etc"), { os: UNIX, attrs: 0o120_777 << 16 }];
  expect(() => readZip(zipOf({ link }))).toThrow('"link" is a link, or no plain file');
  const encrypted = zipOf({ "main.ts": MAIN });
  const record = new DataView(encrypted.buffer).getUint32(encrypted.length - 6, true);
  encrypted[record + 8] = 1;
  expect(() => readZip(encrypted)).toThrow('"main.ts" is encrypted');
  const large = zipOf({ "a.bin": new Uint8Array(600), "b.bin": new Uint8Array(600) });
  expect(() => readZip(large, { entries: 2, bytes: 1_000 })).toThrow("more than 1000 bytes");
  expect(() => readZip(large, { entries: 1, bytes: 2_000 })).toThrow(
    "it has 2 entries, and may have 1",
  );
});

test("readZip() says of a zip that is cut off or changed anywhere that it is broken, or gives what was packed", () => {
  const zip = zipOf({ "main.ts": MAIN, "other.ts": [MAIN, { level: 0 }] });
  for (let length = 0; length < zip.length; length++) {
    expect(() => readZip(zip.subarray(0, length))).toThrow(
      "it is neither a folder nor a whole zip",
    );
  }
  for (let at = 0; at < zip.length; at++) {
    const changed = zip.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    let texts: Uint8Array[] = [];
    try {
      texts = readZip(changed).map(({ bytes }) => bytes);
    } catch (error) {
      expect(error).toMatchObject({ code: "plugin.invalid" });
    }
    for (const text of texts) expect(text).toEqual(MAIN);
  }
});
