import { expect, test } from "bun:test";
import { progressLine, Rate, showProgress, timeText } from "../../../commands/_progress.ts";

const facts = { total: 1_000, done: 250, failed: 0, note: "8 slaves" };

test("progressLine() shows how much is done, how fast, and how long it takes yet", () => {
  const line = progressLine(facts, { perSecond: 10, columns: 100 });
  expect(line).toBe(`[##########${"-".repeat(30)}]  250/1000  10/s  1:15 left  8 slaves`);
});

test("progressLine() tells failures, and no total when there is none", () => {
  const line = progressLine({ ...facts, failed: 3 }, { perSecond: undefined, columns: 100 });
  expect(line).toEndWith("250/1000  3 failed  8 slaves");
  const open = progressLine({ ...facts, total: undefined }, { perSecond: 123.4, columns: 100 });
  expect(open).toBe("250 done  123/s  8 slaves");
});

test("progressLine() never fills the last column, however narrow the terminal is", () => {
  const full = { ...facts, failed: 12 };
  for (let columns = 1; columns <= 120; columns += 1) {
    const line = progressLine(full, { perSecond: 1.5, columns });
    expect(line.length).toBeLessThanOrEqual(Math.max(1, columns - 1));
    if (columns >= 10) expect(line).toContain("250/1000");
    if (columns >= 24) expect(line).toContain("12 failed");
  }
});

test("progressLine() at the beginning, at the end, and with nothing to do", () => {
  const at = (done: number, total: number): string =>
    progressLine({ total, done, failed: 0, note: "" }, { perSecond: 5, columns: 40 });
  expect(at(0, 10)).toStartWith("[---");
  expect(at(10, 10)).toMatch(/^\[#+\] {2}10\/10 {2}5\.0\/s$/);
  expect(at(0, 0)).toContain("0/0");
});

test("timeText() is short", () => {
  const texts = [0.2, 59, 75, 3_599, 3_700, 100_000, 200_000].map(timeText);
  expect(texts).toEqual(["0:01", "0:59", "1:15", "59:59", "1:01:40", "27:46:40", "2 days"]);
});

test("Rate is that of the last seconds, and falls when nothing more happens", () => {
  const rate = new Rate();
  expect(rate.perSecond(0)).toBeUndefined();
  for (let at = 0; at <= 60_000; at += 100) rate.add(at, at / 100);
  expect(rate.perSecond(60_000)).toBeCloseTo(10, 0);
  for (let at = 60_000; at <= 90_000; at += 100) rate.add(at, 600 + (at - 60_000) / 10);
  expect(rate.perSecond(90_000)).toBeCloseTo(100, 0);
  expect(rate.perSecond(120_000)).toBeLessThan(50);
});

function fakeTerminal(isTTY: boolean): NodeJS.WriteStream & { text: string } {
  const terminal = {
    isTTY,
    columns: 60,
    text: "",
    write(text: string) {
      terminal.text += text;
      return true;
    },
  };
  return terminal as unknown as NodeJS.WriteStream & { text: string };
}

test("showProgress() writes nothing where there is no terminal", () => {
  const terminal = fakeTerminal(false);
  using progress = showProgress(terminal);
  progress.update(facts);
  progress.stream.write("a log line\n");
  expect(terminal.text).toBe("a log line\n");
});

test("showProgress() puts other lines above the bar, and leaves an empty line behind", () => {
  const terminal = fakeTerminal(true);
  {
    using progress = showProgress(terminal);
    progress.update(facts);
    progress.stream.write("a log line\n");
    expect(terminal.text).toStartWith("\r\u001b[Ka log line\n\r\u001b[K[#");
    expect(terminal.text).toEndWith("8 slaves");
  }
  expect(terminal.text).toEndWith("\r\u001b[K");
});
