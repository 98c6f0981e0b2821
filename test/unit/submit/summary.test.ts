import { expect, test } from "bun:test";
import { columnsText } from "../../../commands/_columns.ts";
import { countsText, resultsText } from "../../../commands/_master-summary.ts";
import type { ResultLine } from "../../../src/master/submit/result-line.ts";
import { Tally, type SubmitSummary } from "../../../src/master/submit/tally.ts";

function lineOf(index: number, more: Partial<ResultLine> = {}): ResultLine {
  const line = { index, id: "x", status: "COMPLETED", result: { sum: index } } as const;
  return { ...line, slave: "n1:7236", attempts: 1, ms: 1, ...more };
}

function summaryOf(lines: ResultLine[], rest: Partial<SubmitSummary> = {}): SubmitSummary {
  const tally = new Tally();
  for (const line of lines) tally.add(line);
  return { ...tally.summary({ retried: 0, ms: 1_234, isInterrupted: false }), ...rest };
}

test("Tally keeps the twenty first results by place, in whatever order they come", () => {
  const tally = new Tally();
  const places = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
  for (const index of places)
    tally.add(lineOf(index, { status: index % 2 ? "FAILED" : "COMPLETED" }));
  const summary = tally.summary({ retried: 1, ms: 2, isInterrupted: false });
  expect(summary.first.map((line) => line.index)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(summary).toMatchObject({ done: 100, skipped: 0, counts: { COMPLETED: 50, FAILED: 50 } });
});

test("resultsText() shows each result as JSON, and why a task failed", () => {
  const error = { code: "task.failed", message: "A or B not\nfound" };
  const failed = lineOf(1, { status: "FAILED", result: { message: "ab not found" }, error });
  expect(resultsText(summaryOf([lineOf(0), failed, lineOf(2, { result: undefined })]))).toBe(
    '0  COMPLETED  {"sum":0}\n' +
      '1  FAILED     {"message":"ab not found"}  A or B not found\n' +
      "2  COMPLETED  null\n",
  );
});

test("resultsText() says how many more there are and where, and cuts what is very long", () => {
  const lines = Array.from({ length: 25 }, (_, index) => lineOf(index));
  expect(resultsText(summaryOf(lines), "r.jsonl")).toEndWith("… and 5 more: all in r.jsonl\n");
  expect(resultsText(summaryOf(lines))).toEndWith(
    "… and 5 more: pass --out FILE to keep them all\n",
  );
  const long = resultsText(summaryOf([lineOf(0, { result: "x".repeat(5_000) })]));
  expect(long.length).toBeLessThan(1_100);
  expect(long).toContain("… (4,002 more)");
});

test("countsText() counts by status", () => {
  expect(countsText(summaryOf([lineOf(0)]))).toBe("1 task in 1.2 s: 1 completed\n");
  const many = summaryOf([lineOf(0), lineOf(1), lineOf(2, { status: "TIMED_OUT" })], {
    skipped: 2,
    retried: 1,
  });
  expect(countsText(many)).toBe(
    "3 tasks in 1.2 s: 2 completed, 1 timed out (2 of them in an earlier run; 1 attempt repeated)\n",
  );
  expect(countsText(summaryOf([]))).toBe("0 tasks in 1.2 s\n");
});

test("columnsText() lines cells up, but for the last of each row", () => {
  const long = "y".repeat(100);
  expect(
    columnsText([
      ["a", "bb", "c"],
      ["aaa", long],
      ["a", "b", "c"],
    ]),
  ).toEqual(["a    bb  c", `aaa  ${long}`, "a    b   c"]);
});
