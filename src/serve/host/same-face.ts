import type { ModelReport } from "../worker-protocol.ts";

/** Do two workers take and give the same? What clients are told of a model holds for all of its workers. */
export function hasSameFace(one: ModelReport, other: ModelReport): boolean {
  return faceOf(one) === faceOf(other);
}

function faceOf(report: ModelReport): string {
  const { input, output, inputSchema, outputSchema, streams, predicts } = report;
  return JSON.stringify([input, output, inputSchema, outputSchema, streams, predicts]);
}
