/** A child process that sends back what it gets over node's ipc. */
import { type ChildProcess, fork } from "node:child_process";
import { exactly, frameOf, valueOf } from "./bare-codec.ts";

/** The parent's end; one trip at a time. */
export class IpcEcho {
  readonly #child: ChildProcess;
  #settle: (frame: Uint8Array) => void = () => {};

  constructor() {
    this.#child = fork(import.meta.path, { serialization: "advanced" });
    this.#child.on("message", (frame) => this.#settle(frame as Uint8Array));
  }

  /** Encodes, sends, waits, decodes. */
  async trip(value: unknown): Promise<unknown> {
    const echoed = new Promise<Uint8Array>((resolve) => (this.#settle = resolve));
    this.#child.send(exactly(frameOf(0, value)));
    return valueOf(await echoed);
  }

  close(): void {
    this.#child.disconnect();
  }
}

if (import.meta.main) {
  process.on("message", (frame) => void process.send?.(frame));
  process.on("disconnect", () => process.exit());
}
