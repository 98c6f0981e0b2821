import { expect, test } from "bun:test";
import { linearAxis, logAxis } from "../../../src/load/axis.ts";
import { csvOf } from "../../../src/load/csv.ts";
import type { LevelResult } from "../../../src/load/level-result.ts";
import { pictureOf } from "../../../src/load/picture.ts";
import { readServerTotals, serverShareOf } from "../../../src/load/server-statistics.ts";

function level(value: number, p99: number, server?: LevelResult["server"]): LevelResult {
  return {
    mode: "concurrency",
    level: value,
    durationMs: 1_000,
    requests: 100 * value,
    failed: 1,
    requestsPerSecond: 100 * value,
    rowsPerSecond: 200 * value,
    latencyMs: { min: 1, mean: 2, p50: 2, p90: 3, p95: 4, p99, p999: p99, max: p99 },
    statuses: {},
    failures: {},
    refusals: {},
    windows: [],
    spread: 0,
    isStable: true,
    server,
    lagP99Ms: undefined,
    generatorCpu: 0,
  };
}

test("csvOf() writes a head and a row for each level, times in microseconds", () => {
  const server = { queueMs: 0.5, computeMs: 5, batchRows: 8 };
  const lines = csvOf([level(1, 5), level(8, 12.5, server)]).split("\n");
  expect(lines.length).toBe(4);
  expect(lines[0]).toStartWith("Concurrency,Inferences/Second,Requests/Second,Request Count,");
  const cells = lines[2]?.split(",") ?? [];
  const at = (name: string): string | undefined => cells[lines[0]?.split(",").indexOf(name) ?? -1];
  expect(at("Concurrency")).toBe("8");
  expect(at("Inferences/Second")).toBe("1600.00");
  expect(at("Server Queue")).toBe("500.0");
  expect(at("Server Batch Size")).toBe("8.00");
  expect(at("p99 latency")).toBe("12500.0");
  expect(lines[1]?.split(",")[5]).toBe("");
});

test("csvOf() names the rate where that was asked for", () => {
  expect(csvOf([{ ...level(1, 5), mode: "rate" }])).toStartWith("Request Rate,");
});

test("csvOf() and pictureOf() keep clients and rates apart where both were asked for", () => {
  const results = [level(1, 5), level(8, 12), { ...level(50, 7), mode: "rate" as const }];
  const lines = csvOf(results).split("\n");
  expect(lines[0]).toStartWith("Concurrency,Request Rate,Inferences/Second,");
  const ways = lines.slice(1, 4).map((line) => line.split(",").slice(0, 2).join());
  expect(ways).toEqual(["1,", "8,", ",50"]);
  const svg = pictureOf({ title: "both", results });
  expect(svg.match(/<circle/g)?.length).toBe(9);
  expect(svg.match(/<polyline class="line"/g)?.length).toBe(3);
  expect(svg.match(/<polyline class="line rate"/g)?.length).toBe(3);
  expect(svg).toContain("clients; dashed: requests a second asked for");
});

test("linearAxis() ends at a round number that nothing exceeds", () => {
  for (const greatest of [0.0031, 7, 99, 100, 4_321, 1e6]) {
    const { ticks, place } = linearAxis([1e-9, greatest]);
    expect(ticks[0]).toBe(0);
    expect(place(ticks.at(-1) ?? 0)).toBeCloseTo(1, 9);
    expect(place(greatest)).toBeLessThanOrEqual(1 + 1e-9);
    expect(ticks.length).toBeLessThan(9);
  }
});

test("logAxis() spans whole powers of ten", () => {
  const { ticks, place } = logAxis([0.07, 30]);
  expect(ticks[0]).toBe(0.01);
  expect(ticks.at(-1)).toBe(100);
  expect(place(0.01)).toBe(0);
  expect(place(1)).toBe(0.5);
  expect(logAxis([10]).ticks).toEqual([10, 20, 50, 100]);
});

test("pictureOf() draws a point for each level and quantile, inside the picture", () => {
  const svg = pictureOf({ title: "a < b & c", results: [level(1, 5), level(8, 12)] });
  expect(svg).toStartWith("<svg ");
  expect(svg).toContain("a &lt; b &amp; c");
  expect(svg.match(/<circle/g)?.length).toBe(6);
  const places = [...svg.matchAll(/c([xy])="([\d.-]+)"/g)];
  for (const [, axis, place] of places) {
    expect(Number(place)).toBeGreaterThan(0);
    expect(Number(place)).toBeLessThan(axis === "x" ? 760 : 460);
  }
  expect(svg).not.toContain("NaN");
});

test("pictureOf() of nothing is still a picture", () => {
  const svg = pictureOf({ title: "nothing", results: [] });
  expect(svg).toContain("</svg>");
  expect(svg).not.toContain("NaN");
});

test("serverShareOf() tells means of what happened between two readings", () => {
  const stats = (count: number): unknown => ({
    model_stats: [
      {
        name: "m",
        inference_count: count * 4,
        execution_count: count / 2,
        inference_stats: {
          queue: { count, ns: count * 1e6 },
          compute_infer: { count, ns: count * 5e6 },
        },
      },
    ],
  });
  const [before, after] = [readServerTotals(stats(10)), readServerTotals(stats(30))];
  if (!before || !after) throw new Error("not read");
  expect(serverShareOf(before, after)).toEqual({ queueMs: 1, computeMs: 5, batchRows: 8 });
  expect(serverShareOf(before, before)).toBeUndefined();
  expect(readServerTotals({ error: "no" })).toBeUndefined();
});
