import { expect, test } from "bun:test";
import { errorText, exitCodeOf } from "../../../commands/_print-error.ts";
import { DingError } from "../../../src/core/errors.ts";

test("errorText() is the message, and the hint on the next line", () => {
  const plain = new DingError("network.in-use", "Cannot listen on 127.0.0.1:1: address in use");
  expect(errorText(plain)).toBe("ding: Cannot listen on 127.0.0.1:1: address in use\n");
  const hinted = new DingError("network.in-use", "Cannot listen", { hint: "Pass --port 0" });
  expect(errorText(hinted)).toBe("ding: Cannot listen\nPass --port 0\n");
  expect(exitCodeOf(hinted)).toBe(1);
});

test("errorText() shows the place in a plugin, with a mark under the letter", () => {
  const details = { file: "/a/my.ts", line: 12, column: 3, lineText: "\tlet ;" };
  const error = new DingError("plugin.invalid", "Cannot load plugin", { details, hint: "Mend it" });
  expect(errorText(error)).toBe(`ding: Cannot load plugin
  at /a/my.ts:12:3
  12 | \tlet ;
     | \t ^
Mend it
`);
  const { file, line } = details;
  const short = new DingError("plugin.invalid", "Cannot load", { details: { file, line } });
  expect(errorText(short)).toBe("ding: Cannot load\n  at /a/my.ts:12\n");
  const bare = new DingError("plugin.invalid", "Cannot load", { details: { file } });
  expect(errorText(bare)).toBe("ding: Cannot load\n  at /a/my.ts\n");
});

test("errorText() shows stacks for bugs alone, down to the first cause", () => {
  const first = new Error("the disk is gone");
  const bug = DingError.from(new TypeError("x is undefined", { cause: first }));
  expect(exitCodeOf(bug)).toBe(70);
  expect(errorText(bug)).toMatch(
    /^ding: x is undefined\nTypeError: x is undefined\n\s+at [^]*caused by:\nError: the disk is gone\n\s+at [^]*\nThis is a bug: /,
  );
  const foreseen = new DingError("network.closed", "Cannot go on", { cause: first });
  expect(errorText(foreseen)).toBe("ding: Cannot go on\n");
});
