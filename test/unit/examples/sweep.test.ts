import { beforeAll, describe, expect, test } from "bun:test";
import { type Digits, loadDigits } from "../../../examples/sweep/digits.ts";
import { makeGrid, parseSeed } from "../../../examples/sweep/grid.ts";
import { type Point, pointSchema } from "../../../examples/sweep/point.ts";
import { formatTable, rank } from "../../../examples/sweep/table.ts";
import { train } from "../../../examples/sweep/training.ts";

const GOOD: Point = {
  learningRate: 0.05,
  hidden: 32,
  batchSize: 16,
  l2: 0,
  epochs: 4,
  samples: 4_000,
  seed: 1,
};
const SMALL: Point = { ...GOOD, hidden: 8, epochs: 1, samples: 500 };

let digits: Digits;
beforeAll(() => {
  digits = loadDigits();
});

/** Runs a training to its end. */
function finish(point: Point) {
  const training = train(point, digits);
  const losses: number[] = [];
  let pass = training.next();
  while (!pass.done) {
    losses.push(pass.value.trainLoss);
    pass = training.next();
  }
  return { ...pass.value, losses };
}

describe("loadDigits()", () => {
  test("loadDigits() gives all ten thousand digits, pixels between 0 and 1", () => {
    expect(digits.train.pixels).toHaveLength(8_000);
    expect(digits.test.pixels).toHaveLength(2_000);
    expect(new Set(digits.test.labels).size).toBe(10);
    const inRange = (pixels: Float32Array) =>
      pixels.length === 784 && pixels.every((value) => value >= 0 && value <= 1);
    expect(digits.train.pixels.every(inRange)).toBeTrue();
  });

  test("loadDigits() keeps every test picture out of training", () => {
    const fingerprint = (pixels: Float32Array) => Bun.hash(pixels);
    const trained = new Set(digits.train.pixels.map(fingerprint));
    expect(digits.test.pixels.filter((pixels) => trained.has(fingerprint(pixels)))).toEqual([]);
  });

  test("loadDigits() splits the same way each time", () => {
    expect(loadDigits().test.labels).toEqual(digits.test.labels);
  });
});

describe("train()", () => {
  test("train() beats 0.9 at a good point and learns in every epoch", () => {
    const { accuracy, losses } = finish(GOOD);
    expect(accuracy).toBeGreaterThan(0.9);
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  });

  test("train() fails to learn at a bad point, with a loss that JSON can carry", () => {
    const { accuracy, loss } = finish({ ...SMALL, learningRate: 5 });
    expect(accuracy).toBeLessThan(0.5);
    expect(JSON.parse(JSON.stringify({ loss }))).toEqual({ loss });
  });

  test("train() repeats itself with the same seed, and not with another", () => {
    expect(finish(SMALL)).toEqual(finish(SMALL));
    expect(finish({ ...SMALL, seed: 2 }).loss).not.toBe(finish(SMALL).loss);
  });

  test("train() with no hidden units is softmax regression", () => {
    expect(finish({ ...SMALL, hidden: 0 }).accuracy).toBeGreaterThan(0.7);
  });
});

describe("makeGrid()", () => {
  test("makeGrid() makes at least 60 valid points, each once", () => {
    const points = makeGrid(7);
    expect(points.length).toBeGreaterThanOrEqual(60);
    for (const point of points) expect(pointSchema.parse(point)).toEqual(point);
    expect(new Set(points.map(({ seed: _seed, ...place }) => JSON.stringify(place))).size).toBe(
      points.length,
    );
  });

  test("makeGrid() follows its seed", () => {
    expect(makeGrid(7)).toEqual(makeGrid(7));
    expect(makeGrid(8)).not.toEqual(makeGrid(7));
  });

  test.each(["", "x", "-1", "1.5", "4294967296"])("parseSeed() refuses %p", (text) => {
    expect(() => parseSeed(text)).toThrow("as a seed");
  });
});

describe("rank()", () => {
  const finding = (accuracy: number, loss: number) => ({
    accuracy,
    loss,
    trainMs: 5,
    ms: 6.4,
    point: SMALL,
    slave: "127.0.0.1:7236",
    worker: { workerId: "w1", pid: 42 },
  });

  test("rank() puts the best accuracy first, then the smaller loss", () => {
    const [low, worse, better] = [finding(0.5, 1), finding(0.9, 0.4), finding(0.9, 0.3)];
    expect(rank([low, worse, better])).toEqual([better, worse, low]);
  });

  test("formatTable() aligns a line per finding under its head", () => {
    const lines = formatTable([finding(0.9, 0.3), finding(0.5, 1)]).split("\n");
    expect(lines).toHaveLength(3);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[1]).toMatch(
      /^ +1 +0\.9000 +0\.300 +0\.05 +8 +16 +0 +127\.0\.0\.1:7236 +w1 +42 +6$/,
    );
  });
});
