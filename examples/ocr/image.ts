import { DingError } from "ding";
import { convertIndexedToRgb, decode as decodePng } from "fast-png";
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

/** Reads a PNG or JPEG, as bytes or as base64 text of them; what is wrong with it is the client's fault. */
export function readImage(bytes: Uint8Array): Image {
  try {
    return readBytes(bytes);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DingError("usage.invalid-input", `Cannot read the picture: ${why}`);
  }
}

function readBytes(bytes: Uint8Array): Image {
  if (startsWith(bytes, PNG)) return readPng(bytes);
  if (startsWith(bytes, JPEG)) return readJpeg(bytes);
  const text = new TextDecoder().decode(bytes).replace(/^data:image\/\w+;base64,/, "");
  if (/^[\w+/\s]{16,}={0,2}\s*$/.test(text)) return readBytes(Buffer.from(text, "base64"));
  throw new Error("it is no PNG or JPEG");
}

function readJpeg(bytes: Uint8Array): Image {
  const options = { useTArray: true, maxResolutionInMP: MOST_PIXELS / 1e6 } as const;
  const { width, height, data } = decodeJpeg(bytes, options);
  return { width, height, bgr: pixels(data, { count: width * height, channels: 4, most: 255 }) };
}

function readPng(bytes: Uint8Array): Image {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const claimed = bytes.length < 24 ? 0 : header.getUint32(16) * header.getUint32(20);
  if (claimed > MOST_PIXELS) throw new Error(`${claimed} pixels are too many`);
  const png = decodePng(bytes);
  const { width, height, depth, channels } = png;
  const count = width * height;
  const palette = png.palette ?? (depth < 8 ? greys(2 ** depth) : undefined);
  if (!palette) {
    return { width, height, bgr: pixels(png.data, { count, channels, most: 2 ** depth - 1 }) };
  }
  const colours = convertIndexedToRgb({ ...png, palette });
  const layout = { count, channels: palette[0]?.length ?? 3, most: 255 };
  return { width, height, bgr: pixels(colours, layout) };
}

/** From black to white: the palette of a picture with few bits a pixel. */
function greys(count: number): [number, number, number][] {
  return Array.from({ length: count }, (_, index) => {
    const grey = Math.round((index * 255) / (count - 1));
    return [grey, grey, grey];
  });
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
