import type { Pipe, PipeEvents } from "../runtime/pipe.ts";
import { FrameStream, HEAD_BYTES, putHead } from "./frame-stream.ts";
import { Link } from "./link.ts";

/** A frame of up to so many bytes goes to the system together with its head, in one call. */
const TOGETHER_BYTES = 64 * 1024;

/** A link over a stream of bytes between two processes of one machine: `[length u32 | mark u32 | frame]`. */
export class PipeLink extends Link {
  readonly #pipe: Pipe;
  readonly #together = new Uint8Array(HEAD_BYTES + TOGETHER_BYTES);
  /** What the system had no room for. */
  readonly #waiting: Uint8Array[] = [];
  #leftWaiters: (() => void)[] = [];
  #isClosing = false;

  constructor(peer: string, open: (events: PipeEvents) => Pipe) {
    super(peer);
    const frames = new FrameStream((frame) => this.arrived(frame));
    this.#pipe = open({
      bytes: (piece) => this.#read(frames, piece),
      room: () => this.#writeWaiting(),
      closed: () => this.ended("the other process is gone"),
    });
  }

  override send(frame: Uint8Array): boolean {
    if (this.isClosed) return false;
    const { length } = frame;
    putHead(this.#together, length);
    if (length <= TOGETHER_BYTES) {
      this.#together.set(frame, HEAD_BYTES);
      this.#writeCopy(HEAD_BYTES + length);
    } else {
      this.#writeCopy(HEAD_BYTES);
      const taken = this.hasLeft ? this.#pipe.write(frame, length) : 0;
      if (taken < length) this.#waiting.push(frame.subarray(taken));
    }
    return true;
  }

  override get hasLeft(): boolean {
    return this.#waiting.length === 0;
  }

  override left(): Promise<void> {
    if (this.hasLeft) return Promise.resolve();
    return new Promise((resolve) => void this.#leftWaiters.push(resolve));
  }

  /** What was sent before still arrives. */
  override close(reason: string): void {
    if (this.hasLeft) this.#pipe.end();
    else this.#isClosing = true;
    this.ended(reason);
  }

  override terminate(): void {
    this.#waiting.length = 0;
    this.close("terminated");
  }

  #read(frames: FrameStream, piece: Uint8Array): void {
    if (frames.add(piece)) return;
    this.#pipe.end();
    this.ended("the other process does not speak in frames");
  }

  /** Of what was put together; the next frame is put into the same place. */
  #writeCopy(length: number): void {
    const taken = this.hasLeft ? this.#pipe.write(this.#together, length) : 0;
    if (taken < length) this.#waiting.push(this.#together.slice(taken, length));
  }

  #writeWaiting(): void {
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      const taken = this.#pipe.write(first, first.length);
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
    for (const wake of this.#leftWaiters.splice(0)) wake();
    if (this.#isClosing) this.#pipe.end();
  }
}
