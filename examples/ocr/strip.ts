import type { Image } from "./image.ts";

/** The height that the model has learned, and the narrowest and widest strip that make sense. */
export const HEIGHT = 48;
const MOST_WIDTH = 3_200;

/** A line of text as the model takes it: [3, 48, width], each value from -1 to 1. */
export interface Strip {
  readonly width: number;
  readonly planes: Float32Array;
}

/** Scales an image to the model's height, between its pixels (bilinear). */
export function stripOf({ width, height, bgr }: Image): Strip {
  const scale = height / HEIGHT;
  const newWidth = Math.min(MOST_WIDTH, Math.max(1, Math.ceil(width / scale)));
  const planes = new Float32Array(3 * HEIGHT * newWidth);
  const columns = steps(newWidth, width);
  for (const [y, { low: top, high: bottom, part: down }] of steps(HEIGHT, height).entries()) {
    for (const [x, { low: left, high: right, part: along }] of columns.entries()) {
      for (let colour = 0; colour < 3; colour++) {
        const at = (row: number, column: number) => bgr[(row * width + column) * 3 + colour] ?? 0;
        const above = at(top, left) * (1 - along) + at(top, right) * along;
        const below = at(bottom, left) * (1 - along) + at(bottom, right) * along;
        const value = above * (1 - down) + below * down;
        planes[(colour * HEIGHT + y) * newWidth + x] = value / 127.5 - 1;
      }
    }
  }
  return { width: newWidth, planes };
}

/** Strips of different widths in one tensor [n, 3, 48, widest]; what they lack on the right is 0. */
export function batchOf(strips: readonly Strip[]): { data: Float32Array; dims: number[] } {
  const width = Math.max(...strips.map((strip) => strip.width));
  const data = new Float32Array(strips.length * 3 * HEIGHT * width);
  for (const [index, strip] of strips.entries()) {
    for (let row = 0; row < 3 * HEIGHT; row++) {
      const line = strip.planes.subarray(row * strip.width, (row + 1) * strip.width);
      data.set(line, (index * 3 * HEIGHT + row) * width);
    }
  }
  return { data, dims: [strips.length, 3, HEIGHT, width] };
}

/** For each new place the two old ones beside it, and how far it is from the first to the second. */
function steps(to: number, from: number): { low: number; high: number; part: number }[] {
  return Array.from({ length: to }, (_, index) => {
    const place = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
    const low = Math.floor(place);
    return { low, high: Math.min(from - 1, low + 1), part: place - low };
  });
}
