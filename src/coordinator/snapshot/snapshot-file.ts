import { open, readFile, rename, rm, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";

/** Names the form; another one begins otherwise. */
const MAGIC = new TextEncoder().encode("ding-coordinator-state-2\n");

/** Stands for a frame whose bytes are not those that were written. */
export const BROKEN = Symbol("broken");

/** Length and checksum of the body that follows. */
const HEAD_BYTES = 12;

/** The last frame: how many there were before it. */
interface EndFrame {
  end: true;
  frames: number;
}

/**
 * Writes frames to a file that is there whole or not at all: a draft beside it takes its place at the end. Between two
 * frames the event loop goes on.
 */
export async function writeFrames(path: string, frames: Iterable<unknown>): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.draft`;
  const file = await open(draft, "w", 0o600);
  let bytes = MAGIC.length;
  try {
    await file.write(MAGIC);
    let count = 0;
    for (const frame of frames) {
      bytes += await writeFrame(file, frame);
      count++;
    }
    const end: EndFrame = { end: true, frames: count };
    bytes += await writeFrame(file, end);
    await file.sync();
  } catch (thrown) {
    await file.close();
    await rm(draft, { force: true });
    throw thrown;
  }
  await file.close();
  await rename(draft, path);
  return bytes;
}

/**
 * The frames of a file, decoded one by one, or BROKEN in the place of one; `usage.invalid-input` for a file that is no
 * such, or is cut short.
 */
export async function readFrames(path: string): Promise<Iterator<unknown>> {
  const bytes = await readFile(path);
  if (bytes.length < MAGIC.length || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw brokenError(path, "it is no state of a coordinator, or of another version");
  }
  const spans = [...spansOf(bytes, path)];
  const last = spans.pop();
  const end = last && (readFrame(bytes, last) as Partial<EndFrame> | null);
  if (end?.end !== true || end.frames !== spans.length) throw brokenError(path, "it is cut short");
  return (function* () {
    for (const span of spans) yield readFrame(bytes, span);
  })();
}

/** A state that cannot be read, and what to do then. */
export function brokenError(path: string, why: string): DingError {
  return new DingError("usage.invalid-input", `Cannot read ${path}: ${why}`, {
    hint: "Begin anew without --resume, or name another --snapshot-dir.",
  });
}

async function writeFrame(
  file: { write: (bytes: Uint8Array) => Promise<unknown> },
  frame: unknown,
): Promise<number> {
  const body = msgpack.encode(frame);
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setBigUint64(0, BigInt(body.length));
  view.setUint32(8, crc32(body));
  await file.write(head);
  await file.write(body);
  return head.length + body.length;
}

type Span = [from: number, to: number];

function readFrame(bytes: Uint8Array, [from, to]: Span): unknown {
  const body = bytes.subarray(from, to);
  const sum = new DataView(bytes.buffer, bytes.byteOffset + from - 4, 4).getUint32(0);
  return crc32(body) === sum ? msgpack.decode(body) : BROKEN;
}

function* spansOf(bytes: Uint8Array, path: string): Generator<Span> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = MAGIC.length; at < bytes.length;) {
    if (at + HEAD_BYTES > bytes.length) throw brokenError(path, "it is cut short");
    const from = at + HEAD_BYTES;
    const to = from + Number(view.getBigUint64(at));
    if (to > bytes.length) throw brokenError(path, "it is cut short");
    yield [from, to];
    at = to;
  }
}
