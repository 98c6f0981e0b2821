import { z } from "zod";
import { pointSchema } from "./point.ts";

/** What `plugin.ts` returns for one point. */
export const outcomeSchema = z.object({
  accuracy: z.number(),
  loss: z.number(),
  trainMs: z.number(),
  point: pointSchema,
  worker: z.object({ workerId: z.string(), pid: z.int() }),
});

/** A point's outcome with the slave that found it. */
export type Finding = z.infer<typeof outcomeSchema> & {
  readonly slave: string;
  readonly ms: number;
};

/** Best accuracy first; among equals the smaller loss. */
export function rank(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => b.accuracy - a.accuracy || a.loss - b.loss);
}

/** A table for the terminal, one line per finding in the given order. */
export function formatTable(findings: readonly Finding[]): string {
  const head = [
    "rank",
    "accuracy",
    "loss",
    "rate",
    "hidden",
    "batch",
    "l2",
    "slave",
    "worker",
    "pid",
    "ms",
  ];
  const rows = findings.map(({ accuracy, loss, point, slave, worker, ms }, index) => [
    String(index + 1),
    accuracy.toFixed(4),
    loss.toFixed(3),
    String(point.learningRate),
    String(point.hidden),
    String(point.batchSize),
    String(point.l2),
    slave,
    worker.workerId,
    String(worker.pid),
    String(Math.round(ms)),
  ]);
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) => line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "))
    .join("\n");
}
