import { Link } from "./link.ts";

/** A link inside one process: two ends, each frame delivered in a later microtask. */
export class MemoryLink extends Link {
  #other: MemoryLink | undefined;

  /** The two ends of a new link. */
  static pair(): [MemoryLink, MemoryLink] {
    const left = new MemoryLink("memory:right");
    const right = new MemoryLink("memory:left");
    left.#other = right;
    right.#other = left;
    return [left, right];
  }

  override send(frame: Uint8Array): boolean {
    if (this.isClosed) return false;
    const copy = frame.slice();
    queueMicrotask(() => {
      if (this.#other && !this.#other.isClosed) this.#other.arrived(copy);
    });
    return true;
  }

  override close(reason: string): void {
    queueMicrotask(() => this.#other?.ended(reason));
    this.ended(reason);
  }

  override terminate(): void {
    this.close("terminated");
  }
}
