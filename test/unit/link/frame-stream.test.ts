import { expect, test } from "bun:test";
import { FrameStream, HEAD_BYTES, putHead } from "../../../src/link/frame-stream.ts";

function streamOf(frames: readonly Uint8Array[]): Uint8Array {
  const parts = frames.flatMap((frame) => {
    const head = new Uint8Array(HEAD_BYTES);
    putHead(head, frame.length);
    return [head, frame];
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** What comes out when the stream comes in pieces that end at these places. */
function readIn(stream: Uint8Array, ends: readonly number[]): Uint8Array[] {
  const found: Uint8Array[] = [];
  const frames = new FrameStream((frame) => void found.push(frame));
  let at = 0;
  for (const end of [...ends, stream.length]) {
    frames.add(stream.slice(at, end));
    at = end;
  }
  return found;
}

const FRAMES = [1, 0, 7, 300, 8, 2].map((length) =>
  Uint8Array.from({ length }, (_, index) => index + length),
);

test("add() gives out the same frames wherever the stream is cut once", () => {
  const stream = streamOf(FRAMES);
  for (let end = 0; end <= stream.length; end++) expect(readIn(stream, [end])).toEqual(FRAMES);
});

test("add() gives out the same frames byte by byte", () => {
  const stream = streamOf(FRAMES);
  expect(readIn(stream, [...stream.keys()])).toEqual(FRAMES);
});

test("every frame lies where views of numbers may lie", () => {
  const stream = streamOf(FRAMES);
  for (const frame of readIn(stream, [])) expect(frame.byteOffset % 8).toBe(0);
});

test("a frame longer than the piece has memory of its own length, and no more", () => {
  const [frame] = readIn(streamOf([new Uint8Array(1_000)]), [500]);
  expect(frame?.buffer.byteLength).toBe(1_000);
});

test("add() gives false for bytes that are no frames", () => {
  const frames = new FrameStream(() => {});
  expect(frames.add(new TextEncoder().encode("printed by mistake"))).toBe(false);
});
