import type { Image } from "./image.ts";

/** What differs less from the paper than this, of 255, is paper too. */
const LEAST_CONTRAST = 24;
/** So much of the line's height is left around it: it is what the model has learned. */
const MARGIN = 0.35;

/** The part of a picture in which something is written: in wide margins the letters would become too small to read. */
export function cropped(image: Image): Image {
  const { width, height } = image;
  const { columns, rows } = inkOf(image);
  const [left, right] = [columns.indexOf(true), columns.lastIndexOf(true)];
  const [top, bottom] = [rows.indexOf(true), rows.lastIndexOf(true)];
  if (left < 0) return image;
  const margin = Math.ceil((bottom - top + 1) * MARGIN);
  return part(image, {
    left: Math.max(0, left - margin),
    right: Math.min(width, right + 1 + margin),
    top: Math.max(0, top - margin),
    bottom: Math.min(height, bottom + 1 + margin),
  });
}

/** In which columns and rows something stands. */
function inkOf(image: Image): { columns: boolean[]; rows: boolean[] } {
  const { width, height, bgr } = image;
  const paper = paperOf(image);
  const contrast = new Float32Array(width * height);
  let most = 0;
  for (let pixel = 0; pixel < contrast.length; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const apart = Math.abs((bgr[pixel * 3 + colour] ?? 0) - (paper[colour] ?? 0));
      if (apart > (contrast[pixel] ?? 0)) contrast[pixel] = apart;
    }
    most = Math.max(most, contrast[pixel] ?? 0);
  }
  const least = Math.max(LEAST_CONTRAST, most / 3);
  const columns = Array.from({ length: width }, () => false);
  const rows = Array.from({ length: height }, () => false);
  for (let pixel = 0; pixel < contrast.length; pixel++) {
    if ((contrast[pixel] ?? 0) < least) continue;
    columns[pixel % width] = true;
    rows[Math.floor(pixel / width)] = true;
  }
  return { columns, rows };
}

/** The colour of the picture's edge, in the middle of those that are there. */
function paperOf({ width, height, bgr }: Image): number[] {
  const edge: number[] = [];
  for (let x = 0; x < width; x++) edge.push(x, (height - 1) * width + x);
  for (let y = 1; y < height - 1; y++) edge.push(y * width, (y + 1) * width - 1);
  return [0, 1, 2].map((colour) => {
    const values = edge.map((pixel) => bgr[pixel * 3 + colour] ?? 0).sort((a, b) => a - b);
    return values[values.length >> 1] ?? 0;
  });
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function part({ width, bgr }: Image, { left, right, top, bottom }: Box): Image {
  const [newWidth, newHeight] = [right - left, bottom - top];
  const copied = new Float32Array(newWidth * newHeight * 3);
  for (let row = 0; row < newHeight; row++) {
    const from = ((top + row) * width + left) * 3;
    copied.set(bgr.subarray(from, from + newWidth * 3), row * newWidth * 3);
  }
  return { width: newWidth, height: newHeight, bgr: copied };
}
