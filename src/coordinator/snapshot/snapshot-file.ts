import { open, readFile, rename, rm, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";

/** Names the form; another one begins otherwise. */
const MAGIC = new TextEncoder().encode("ding-coordinator-state-1\n");

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

/** The frames of a file, decoded one by one; `usage.invalid-input` for a file that is no such, or is cut short. */
export async function readFrames(path: string): Promise<Iterable<unknown>> {
  const bytes = await readFile(path);
  if (bytes.length < MAGIC.length || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw brokenError(path, "it is no state of a coordinator, or of another version");
  }
  const spans = [...spansOf(bytes, path)];
  const last = spans.pop();
  const end = last && (msgpack.decode(bytes.subarray(...last)) as Partial<EndFrame> | null);
  if (end?.end !== true || end.frames !== spans.length) throw brokenError(path, "it is cut short");
  return (function* () {
    for (const span of spans) yield msgpack.decode(bytes.subarray(...span));
  })();
}

async function writeFrame(
  file: { write: (bytes: Uint8Array) => Promise<unknown> },
  frame: unknown,
): Promise<number> {
  const body = msgpack.encode(frame);
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, BigInt(body.length));
  await file.write(head);
  await file.write(body);
  return head.length + body.length;
}

function* spansOf(bytes: Uint8Array, path: string): Generator<[from: number, to: number]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = MAGIC.length; at < bytes.length;) {
    if (at + 8 > bytes.length) throw brokenError(path, "it is cut short");
    const from = at + 8;
    const to = from + Number(view.getBigUint64(at));
    if (to > bytes.length) throw brokenError(path, "it is cut short");
    yield [from, to];
    at = to;
  }
}

function brokenError(path: string, why: string): DingError {
  return new DingError("usage.invalid-input", `Cannot read ${path}: ${why}`, {
    hint: "Begin anew without --resume, or name another --snapshot-dir.",
  });
}
