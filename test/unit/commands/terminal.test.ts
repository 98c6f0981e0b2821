import { describe, expect, test } from "bun:test";
import { hider } from "../../../commands/_secrets.ts";
import { fieldsText, type LogLevel, terminalLogger } from "../../../commands/_terminal.ts";

class Written {
  text = "";
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

async function logged(level: LogLevel, isTTY: boolean): Promise<string> {
  const stream = new Written(isTTY);
  const log = await terminalLogger({
    level,
    secrets: ["s3cret", undefined, ""],
    stream: stream as unknown as NodeJS.WriteStream,
  });
  log.debug("one");
  log.info("two with s3cret", { port: 1, at: { deep: "a s3cret here" }, level: 9 });
  log.warn("three", { token: "abc", size: 12n, error: new Error("no s3cret told") });
  log.error("four");
  return stream.text;
}

describe("terminalLogger()", () => {
  test("writes a JSON object a line when nobody watches", async () => {
    const lines = (await logged("info", false)).trimEnd().split("\n");
    const [two, three, four] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).toBe(3);
    expect(two).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      level: "info",
      message: "two with [hidden]",
      port: 1,
      at: { deep: "a [hidden] here" },
    });
    expect(three).toMatchObject({ level: "warn", token: "[hidden]", size: "12" });
    expect(three?.error).toMatchObject({ name: "Error", message: "no [hidden] told" });
    expect(four).toMatchObject({ level: "error", message: "four" });
  });

  test("writes for people on a terminal", async () => {
    const text = await logged("debug", true);
    for (const word of ["one", "two with [hidden] port=1", "three token=[hidden]", "four"]) {
      expect(text).toContain(word);
    }
    expect(text).not.toContain("s3cret");
  });

  test("writes a caught error and other values that plugins without types hand over", async () => {
    const stream = new Written(false);
    const log = await terminalLogger({
      level: "info",
      secrets: ["s3cret"],
      stream: stream as unknown as NodeJS.WriteStream,
    });
    for (const given of [new TypeError("no s3cret"), 5, { a: [1] }, undefined]) {
      log.info(given as unknown as string);
    }
    const lines = stream.text.trimEnd().split("\n");
    const told = lines.map((line) => (JSON.parse(line) as { message: unknown }).message);
    expect(told).toEqual(["TypeError: no [hidden]", "5", "{ a: [ 1 ] }", "undefined"]);
  });

  test("writes all that a plugin hands over, as a console does", async () => {
    const stream = new Written(false);
    const log = await terminalLogger({
      level: "info",
      secrets: ["s3cret"],
      stream: stream as unknown as NodeJS.WriteStream,
    });
    const error = (...values: unknown[]): void => log.error(...(values as [string]));
    error("failed:", new TypeError("no s3cret"), { item: 3 });
    error("after", 5, "tries", [1, 2], null);
    error("d", { x: 1 }, new Error("third"));
    error(new Error("alone"));
    const lines = stream.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const stack = expect.stringContaining("at ");
    expect(lines).toMatchObject([
      { level: "error", message: "failed: TypeError: no [hidden]", item: 3, stack },
      { level: "error", message: "after 5 tries [ 1, 2 ] null" },
      { level: "error", message: "d Error: third", x: 1, stack },
      { level: "error", message: "Error: alone", stack },
    ]);
    expect(lines[1]).not.toHaveProperty("0");
    expect(stream.text).not.toContain("s3cret");
  });

  test.each([
    ["debug", 4],
    ["info", 3],
    ["warn", 2],
    ["error", 1],
    ["silent", 0],
  ] as const)("at level %s says %d of four", async (level, count) => {
    expect((await logged(level, false)).split("\n").length - 1).toBe(count);
  });
});

test("hider() hides what it cannot read", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(hider(["x"]).fields(circle)).toEqual({ fields: "[not serializable]" });
});

test("fieldsText() quotes what would be read wrongly", () => {
  const fields = { a: 1, b: "x", c: "two words", d: "a=b", e: undefined, f: [1], g: "" };
  expect(fieldsText(fields)).toBe(' a=1 b=x c="two words" d="a=b" f=[1] g=""');
});
