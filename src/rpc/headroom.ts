import { Buffer } from "node:buffer";
import type { Body } from "./message.ts";

/** From this size on a copy takes longer than all else that is done to a message. */
const LARGE_BYTES = 64 * 1024;

/** Enough for every head that tasks have. */
const HEADROOM_BYTES = 256;

/** Memory of large bodies in front of which nothing is needed any more. */
const roomy = new WeakSet<ArrayBufferLike>();

/** Bytes in memory of their own, with room for a head in front of them if they are large. */
export function copyWithRoom(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length < LARGE_BYTES) return new Uint8Array(bytes);
  const copy = bytesWithRoom(bytes.length);
  copy.set(bytes);
  return copy;
}

/** So many bytes to write a body into, with room for a head in front of them if they are large; whoever takes them writes them all. */
export function bytesWithRoom(length: number): Uint8Array<ArrayBuffer> {
  if (length < LARGE_BYTES) return new Uint8Array(length);
  const { buffer } = Buffer.allocUnsafeSlow(HEADROOM_BYTES + length);
  roomy.add(buffer);
  return new Uint8Array(buffer, HEADROOM_BYTES);
}

/**
 * A message of this frame has been read. Is its body the only one, the memory
 * in front of it is free: all else that was read from there has been copied.
 */
export function noteBody(frame: Uint8Array, body: Body, isFirst: boolean): void {
  if (!body || body.length < LARGE_BYTES) return;
  const isLast = body.byteOffset + body.length === frame.byteOffset + frame.length;
  if (isFirst && isLast) roomy.add(body.buffer);
}

/** One frame of a large message, its head written in front of the body that lies there; undefined if there is no room. */
export function frameInPlace(head: Uint8Array, body: Uint8Array): Uint8Array | undefined {
  const start = body.byteOffset - head.length;
  if (body.length < LARGE_BYTES || start < 0 || !roomy.has(body.buffer)) return undefined;
  const frame = new Uint8Array(body.buffer, start, head.length + body.length);
  frame.set(head);
  return frame;
}
