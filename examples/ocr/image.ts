import { decode as decodePng } from "fast-png";
import { decode as decodeJpeg } from "jpeg-js";

/** Blue, green and red of each pixel, 0 to 255, row by row: the order that the model has learned. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly bgr: Float32Array;
}

/** A small file can claim to be a large picture. */
const MOST_PIXELS = 4_000_000;
const PNG = [0x89, 0x50, 0x4e, 0x47];
const JPEG = [0xff, 0xd8, 0xff];

/** Reads a PNG or JPEG, as bytes or as base64 text of them; throws what is wrong with it. */
export function readImage(bytes: Uint8Array): Image {
  if (startsWith(bytes, PNG)) return readPng(bytes);
  if (startsWith(bytes, JPEG)) {
    const options = { useTArray: true, maxResolutionInMP: MOST_PIXELS / 1e6 } as const;
    const { width, height, data } = decodeJpeg(bytes, options);
    return { width, height, bgr: pixels(data, { count: width * height, channels: 4, most: 255 }) };
  }
  const text = new TextDecoder().decode(bytes).replace(/^data:image\/\w+;base64,/, "");
  if (/^[\w+/\s]{16,}={0,2}\s*$/.test(text)) return readImage(Buffer.from(text, "base64"));
  throw new Error("This is no PNG or JPEG");
}

function readPng(bytes: Uint8Array): Image {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const claimed = bytes.length < 24 ? 0 : header.getUint32(16) * header.getUint32(20);
  if (claimed > MOST_PIXELS) throw new Error(`A picture of ${claimed} pixels is too large`);
  const { width, height, data, depth, channels, palette } = decodePng(bytes);
  const count = width * height;
  if (!palette) {
    return { width, height, bgr: pixels(data, { count, channels, most: 2 ** depth - 1 }) };
  }
  const colours = Uint8Array.from(data, (index) => index);
  const flat = Uint8Array.from({ length: count * 3 }, (_, at) => {
    return palette[colours[Math.floor(at / 3)] ?? 0]?.[at % 3] ?? 0;
  });
  return { width, height, bgr: pixels(flat, { count, channels: 3, most: 255 }) };
}

interface Layout {
  readonly count: number;
  /** Grey, grey and alpha, RGB, or RGB and alpha. */
  readonly channels: number;
  readonly most: number;
}

/** What shines through is white, as paper is. */
function pixels(data: ArrayLike<number>, { count, channels, most }: Layout): Float32Array {
  const bgr = new Float32Array(count * 3);
  const isColour = channels > 2;
  const hasAlpha = channels % 2 === 0;
  for (let pixel = 0; pixel < count; pixel++) {
    const at = pixel * channels;
    const alpha = hasAlpha ? (data[at + channels - 1] ?? 0) / most : 1;
    for (let colour = 0; colour < 3; colour++) {
      const value = ((data[at + (isColour ? 2 - colour : 0)] ?? 0) * 255) / most;
      bgr[pixel * 3 + colour] = value * alpha + 255 * (1 - alpha);
    }
  }
  return bgr;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
