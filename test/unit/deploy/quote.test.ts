import { spawnSync } from "node:child_process";
import { expect, test } from "bun:test";
import {
  pathForSystemd,
  quoteForShell,
  quoteForSystemd,
  quoteProgramForSystemd,
} from "../../../src/deploy/quote.ts";

/** What people put into arguments, and what breaks scripts. */
const ODD = [
  "plain",
  "two words",
  "it's",
  'say "hi"',
  "$HOME ${HOME} $(id) `id`",
  "100%",
  "%h%%",
  "back\\slash\\",
  "a;b&c|d>e",
  "*?[a]",
  "~",
  "#no comment",
  "line\nbreak\ttab",
  "ünïcødé ✓",
  "-dash",
  "",
];

test.each(ODD)("quoteForShell() brings %j through a shell unchanged", (text) => {
  const { stdout } = spawnSync("sh", ["-c", `printf '<%s>' ${quoteForShell(text)}`]);
  expect(stdout.toString()).toBe(`<${text}>`);
});

test("quoteForShell() leaves plain words plain", () => {
  expect(quoteForShell("--port=7236")).toBe("--port=7236");
});

test.each(ODD)("quoteForSystemd() of %j means the same after systemd's reading", (text) => {
  expect(asSystemdReads(quoteForSystemd(text))).toBe(text);
});

test.each([
  ["--port=7236", "--port=7236"],
  ["two words", '"two words"'],
  ["100%", "100%%"],
  ["$HOME", "$$HOME"],
  ['a"b\\c\n\u0001', '"a\\"b\\\\c\\n\\x01"'],
])("quoteForSystemd() of %j is %j", (text, quoted) => {
  expect(quoteForSystemd(text)).toBe(quoted);
});

test("quoteProgramForSystemd() keeps $, which systemd does not read there", () => {
  expect(quoteProgramForSystemd("/opt/$a b%/ding")).toBe('"/opt/$a b%%/ding"');
});

test("pathForSystemd() doubles % alone", () => {
  expect(pathForSystemd("/a b/50%")).toBe("/a b/50%%");
});

/** The rules of systemd.service(5), "Command lines", read backwards. */
function asSystemdReads(word: string): string {
  const inner = /^".*"$/s.test(word) ? word.slice(1, -1) : word;
  expect(/^".*"$/s.test(word) || !/[\s"'\\]/.test(word)).toBe(true);
  const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };
  return inner
    .replaceAll(/\\(?:x([\da-f]{2})|(.))/gs, (_, hex: string | undefined, letter: string) =>
      hex === undefined
        ? (escapes[letter] ?? `?${letter}`)
        : String.fromCharCode(parseInt(hex, 16)),
    )
    .replaceAll("%%", "%")
    .replaceAll("$$", () => "$");
}
