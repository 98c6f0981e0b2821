import { Packr, RESERVE_START_SPACE } from "msgpackr";

const HEADER_BYTES = 4;

/** The product's msgpack settings, so that a prototype saves nothing on the codec. */
const packr = new Packr({
  useRecords: false,
  moreTypes: true,
  copyBuffers: true,
  int64AsType: "number",
});

/** Encodes `[id u32 | msgpack]`, the whole protocol of a prototype; a view into the codec's pool. */
export function frameOf(id: number, value: unknown): Uint8Array<ArrayBuffer> {
  const frame = packr.encode(value, RESERVE_START_SPACE | HEADER_BYTES);
  frame.writeUInt32BE(id, 0);
  return frame as Uint8Array<ArrayBuffer>;
}

/** Reads the id at the head of a frame. */
export function idOf(frame: Uint8Array): number {
  return ((frame[0]! << 24) | (frame[1]! << 16) | (frame[2]! << 8) | frame[3]!) >>> 0;
}

/** Decodes the value behind the head of a frame. */
export function valueOf(frame: Uint8Array): unknown {
  return packr.decode(frame.subarray(HEADER_BYTES));
}

/** Copies a frame out of the pool: ipc would send the whole pool with a view. */
export function exactly(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(frame);
}
