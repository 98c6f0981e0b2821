import { expect, test } from "bun:test";
import { columnsText } from "../../../commands/_columns.ts";
import { errorText } from "../../../commands/_print-error.ts";
import { fieldsText, terminalLogger } from "../../../commands/_terminal.ts";
import { visible, visibleLine } from "../../../commands/_visible.ts";
import { DingError } from "../../../src/core/errors.ts";

const EVIL = "a\u001b]0;owned\u0007\u009b2J\rb\u202e";
const SHOWN = "a\\u001b]0;owned\\u0007\\u009b2J\\rb\\u202e";

test("visible() leaves nothing that a terminal obeys, and keeps words, lines and tabs", () => {
  expect(visible(EVIL)).toBe(SHOWN);
  const plain = "Grüße → 你好 🙂\n\tnext";
  expect(visible(plain)).toBe(plain);
  expect(visibleLine(plain)).toBe("Grüße → 你好 🙂\\n\\tnext");
});

test("columnsText() shows what others sent as it is, one row a line", () => {
  expect(columnsText([["n1", `${EVIL}\nx`]])).toEqual([`n1  ${SHOWN}\\nx`]);
});

test("errorText() shows control characters of messages and hints", () => {
  const error = new DingError("peer.refused", EVIL, { hint: EVIL });
  expect(errorText(error)).toBe(`ding: ${SHOWN}\n${SHOWN}\n`);
});

test("terminalLogger() shows control characters of messages and fields to people", async () => {
  let text = "";
  const stream = { isTTY: true, write: (more: string) => Boolean((text += more)) };
  const log = await terminalLogger({
    level: "info",
    stream: stream as unknown as NodeJS.WriteStream,
  });
  log.warn(`Slave ${EVIL} is lost`, { plugin: EVIL });
  expect(text).toContain(`Slave ${SHOWN} is lost`);
  for (const letter of ["\u0007", "\u009b", "\u202e", "\u001b]"])
    expect(text).not.toContain(letter);
  expect(fieldsText({ plugin: "\u009b2J" })).toBe(" plugin=\\u009b2J");
});
