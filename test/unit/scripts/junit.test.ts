import { expect, test } from "bun:test";
import { readReport } from "../../../scripts/junit.ts";
import { isExcused, skipNote, DI_ENGINE, TRITON_CLIENT } from "../../../scripts/skips.ts";

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="1" skipped="1">
  <testsuite name="a.test.ts" file="a.test.ts" tests="4">
    <testsuite name="d" file="a.test.ts" line="6" tests="1">
      <testcase name="x &gt; &quot;y&quot;" classname="d" time="0.008" file="a.test.ts" line="7">
        <failure type="Error" message="left open">Error: left open&#10;</failure>
      </testcase>
    </testsuite>
    <testcase name="one" classname="" time="0.1" file="a.test.ts" line="8" assertions="0" />
    <testcase name="two" classname="" time="0.1" file="a.test.ts" line="8" assertions="0" />
    <testcase name="three [needs a moon]" classname="" time="0" file="a.test.ts" line="9">
      <skipped />
    </testcase>
  </testsuite>
  <testsuite name="b.test.ts" file="b.test.ts" tests="0" />
</testsuites>`;

test("readReport() counts what passed and names what failed or was skipped", () => {
  const report = readReport(XML);
  expect(report.passed).toBe(2);
  expect(report.failed).toEqual(['a.test.ts: d > x > "y"']);
  expect(report.skipped).toEqual(["a.test.ts: three [needs a moon]"]);
  expect([...report.files]).toEqual(["a.test.ts", "b.test.ts"]);
});

test("readReport() of nothing is nothing", () => {
  expect(readReport("")).toEqual({ passed: 0, failed: [], skipped: [], files: new Set() });
});

test("isExcused() lets only Python's registry be out of reach", () => {
  expect(isExcused(`a Python master ${skipNote(`${DI_ENGINE}, which was not reached`)}`)).toBe(
    true,
  );
  expect(isExcused(`a client ${skipNote(TRITON_CLIENT)}`)).toBe(true);
  expect(isExcused(`two hosts ${skipNote("root, for network namespaces")}`)).toBe(false);
});
