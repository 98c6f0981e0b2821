import process from "node:process";
import { parseArgs } from "node:util";
import type { Point } from "./point.ts";
import { seededRandom, shuffle } from "./random.ts";

const LEARNING_RATES = [0.001, 0.01, 0.05, 0.3];
const HIDDEN = [0, 16, 32, 64];
const BATCH_SIZES = [16, 64];
const L2 = [0, 0.003];
const BUDGET = { epochs: 4, samples: 8_000 };

/** Every combination once, in an order and with training seeds that follow from `seed`. */
export function makeGrid(seed: number): Point[] {
  const random = seededRandom(seed);
  const points = LEARNING_RATES.flatMap((learningRate) =>
    HIDDEN.flatMap((hidden) =>
      BATCH_SIZES.flatMap((batchSize) =>
        L2.map((l2) => ({
          learningRate,
          hidden,
          batchSize,
          l2,
          ...BUDGET,
          seed: Math.floor(random() * 2 ** 32),
        })),
      ),
    ),
  );
  return shuffle(points, random);
}

/** Reads a seed as a user types it. */
export function parseSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() === "" || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new Error(
      `Cannot use "${text}" as a seed: expected a whole number from 0 to ${2 ** 32 - 1}`,
    );
  }
  return seed;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seed: { type: "string", default: "7" } } });
  const lines = makeGrid(parseSeed(values.seed)).map((point) => `${JSON.stringify(point)}\n`);
  process.stdout.write(lines.join(""));
}
