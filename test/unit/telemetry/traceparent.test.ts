import { expect, test } from "bun:test";
import { readTraceParent } from "../../../src/telemetry/traceparent.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test("readTraceParent() reads version 00, and what a later one has in common with it", () => {
  const known = { traceId: TRACE, spanId: SPAN, isSampled: true };
  expect(readTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual(known);
  expect(readTraceParent(` 00-${TRACE}-${SPAN}-03 `)).toEqual(known);
  expect(readTraceParent(`00-${TRACE}-${SPAN}-00`)?.isSampled).toBe(false);
  expect(readTraceParent(`cc-${TRACE}-${SPAN}-01-what-comes`)).toEqual(known);
});

test.each([
  undefined,
  "",
  "nonsense",
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE.slice(1)}-${SPAN}-01`,
])("readTraceParent() leaves %p aside", (header) => {
  expect(readTraceParent(header)).toBeUndefined();
});
