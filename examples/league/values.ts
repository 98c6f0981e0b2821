import { BOARDS } from "./board.ts";
import type { Values } from "./game.ts";

/** A step of learning: so far towards what happened. */
const STEP = 0.05;

/** Knows nothing: to it all boards are alike. */
export function freshValues(): Values {
  return new Float32Array(BOARDS);
}

export function bytesOf(values: Values): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A copy: bytes may lie anywhere, numbers of 32 bits may not. */
export function valuesOf(bytes: Uint8Array): Values {
  return new Float32Array(bytes.slice().buffer);
}

/** Moves what is known of boards towards how their games went. */
export function learnFrom(values: Values, boards: Int32Array, scores: Float32Array): void {
  for (const [at, board] of boards.entries()) {
    const value = values[board] ?? 0;
    values[board] = value + STEP * ((scores[at] ?? 0) - value);
  }
}
