import { expect, test } from "bun:test";
import { cropped } from "../../../examples/ocr/crop.ts";
import type { Image } from "../../../examples/ocr/image.ts";

/** A picture of one colour, with a bar of another. */
function picture(paper: number, ink: number, bar: [x: number, y: number, w: number, h: number]) {
  const [width, height] = [40, 30];
  const bgr = new Float32Array(width * height * 3).fill(paper);
  const [x, y, w, h] = bar;
  for (let row = y; row < y + h; row++) {
    bgr.fill(ink, (row * width + x) * 3, (row * width + x + w) * 3);
  }
  return { width, height, bgr };
}

function inkIn({ bgr }: Image, ink: number): number {
  return bgr.filter((value) => value === ink).length / 3;
}

test("cropped() leaves a line of text and some margin, whatever is light and whatever dark", () => {
  for (const [paper, ink] of [
    [255, 0],
    [20, 230],
    [128, 90],
  ] as const) {
    const found = cropped(picture(paper, ink, [10, 9, 20, 10]));
    expect([found.width, found.height, inkIn(found, ink)]).toEqual([28, 18, 200]);
  }
});

test("cropped() leaves what reaches the edge, and a picture of nothing", () => {
  const { width, height } = cropped(picture(255, 0, [0, 0, 12, 10]));
  expect([width, height]).toEqual([16, 14]);
  const empty = picture(255, 250, [10, 9, 20, 10]);
  expect(cropped(empty)).toBe(empty);
});
