import { expect, test } from "bun:test";
import { readParts } from "../../../../src/serve/wkr/read-parts.ts";

const TYPE = "multipart/form-data; boundary=x";

function read(body: string, type = TYPE): [name: string, isFile: boolean, text: string][] {
  return readParts(Buffer.from(body, "latin1"), type).map(({ name, isFile, bytes }) => [
    name,
    isFile,
    Buffer.from(bytes).toString("latin1"),
  ]);
}

/** A form of one part. */
function form(headers: string, data = "abc", end = "\r\n"): string {
  return ["--x", headers, "", data, "--x--", ""].join(end);
}

const FILE = 'Content-Disposition: form-data; name="img"; filename="a.png"';

test.each([
  ["curl", FILE, true],
  ["a browser, as a field", 'Content-Disposition: form-data; name="img"', false],
  [
    ".NET",
    "Content-Disposition: form-data; name=img; filename=a.png; filename*=utf-8''a.png",
    true,
  ],
  ["old Python", "Content-Disposition: form-data; name=\"img\"; filename*=utf-8''%c3%a9", true],
  [
    "no name of a file",
    'Content-Disposition: form-data; name="img"\r\nContent-Type: image/png',
    true,
  ],
  [
    "a field with a type",
    'Content-Disposition: form-data; name="img"\r\nContent-Type: text/plain',
    false,
  ],
  [
    "small letters, another order",
    'content-disposition: form-data ; filename="a;name=b" ; name="img"',
    true,
  ],
  ["a header in two lines", 'Content-Disposition: form-data;\r\n name="img"; filename=""', true],
  ["an escaped name", 'Content-Disposition: form-data; name="i\\mg"; filename="\\"\\\\"', true],
])("readParts() reads a part as %s writes it", (_who, headers, isFile) => {
  expect(read(form(headers))).toEqual([["img", isFile, "abc"]]);
});

test.each([
  ["nothing", ""],
  ["ends of lines", "\r\n\r\n"],
  ["what begins like a boundary", "\r\n--xy\r\n --x\r\n--"],
  ["any byte", String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))],
])("readParts() gives a file of %s back, byte by byte", (_what, data) => {
  expect(read(form(FILE, data))).toEqual([["img", true, data]]);
});

test("readParts() takes what stands before and behind the parts, white space, bare line feeds, quoted boundaries", () => {
  const parts = [["img", true, "abc"]] as [string, boolean, string][];
  expect(read(`preamble\r\n${form(FILE)}epilogue\r\n--x`)).toEqual(parts);
  expect(read(form(FILE).replaceAll("--x\r\n", "--x \t\r\n"))).toEqual(parts);
  expect(read(form(FILE, "abc", "\n"))).toEqual(parts);
  const quoted = 'Multipart/Form-Data; charset=utf-8; Boundary="x"';
  expect(read(form(FILE), quoted)).toEqual(parts);
  expect(read("--x--")).toEqual([]);
});

test("readParts() gives several parts in their order", () => {
  const body = form(FILE, "1").replace("--x--", `--x\r\n${FILE}\r\n\r\n2\r\n--x--`);
  expect(read(body).map(([, , text]) => text)).toEqual(["1", "2"]);
});

test.each([
  ["nothing", "", TYPE, "the last boundary is missing"],
  ["a beginning", "--x\r\n", TYPE, "the last boundary is missing"],
  ["no end", form(FILE).replace("--x--", ""), TYPE, "the last boundary is missing"],
  ["another boundary", form(FILE), `${TYPE}y`, "the last boundary is missing"],
  ["no boundary", form(FILE), "multipart/form-data", "its type names no boundary"],
  ["a long boundary", form(FILE), TYPE + "x".repeat(300), "its boundary is too long"],
  ["no headers", "--x\r\nabc\r\n--x--", TYPE, "a part has no end of its headers"],
  ["long headers", form(`X: ${"a".repeat(20_000)}`), TYPE, "a part has no end of its headers"],
  ["a poor boundary", form(FILE, " --x".repeat(20_000)), TYPE, "its boundary stands in its parts"],
  ["no name", form("Content-Disposition: form-data"), TYPE, "a part has no name"],
  [
    "too many",
    `${form(FILE)}`.replace("--x--\r\n", "").repeat(1_002),
    TYPE,
    "there are more than 1000 parts",
  ],
])("readParts() refuses a body with %s", (_what, body, type, why) => {
  expect(() => read(body, type)).toThrow(`Cannot read body as multipart/form-data: ${why}`);
});

test("readParts() is not held up by a header that is made for it", () => {
  const header = `Content-Disposition: form-data${'; a="'.repeat(3_000)}`;
  const body = `--x\r\n${header}\r\n\r\n\r\n`.repeat(500);
  const startMs = performance.now();
  expect(() => read(`${body}--x--`)).toThrow("a part has no name");
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
