import type { IpcPort } from "../runtime/child-process.ts";
import { Link } from "./link.ts";

/** A link between parent and child process over node's ipc: one message is one frame. */
export class IpcLink extends Link {
  readonly #port: IpcPort;
  #unwritten = 0;
  #leftWaiters: (() => void)[] = [];

  constructor(peer: string, port: IpcPort) {
    super(peer);
    this.#port = port;
    port.on("message", (message) => {
      if (message instanceof Uint8Array) this.arrived(message);
    });
    port.on("disconnect", () => this.ended("the other process is gone"));
  }

  override send(frame: Uint8Array): boolean {
    if (this.isClosed || !this.#port.connected) return false;
    try {
      this.#unwritten += 1;
      // A broken pipe is told by "disconnect"; here it must only not throw into the event loop.
      this.#port.send?.(frame, this.#onWritten);
      return true;
    } catch {
      this.#unwritten -= 1;
      this.ended("the other process is gone");
      return false;
    }
  }

  override get hasLeft(): boolean {
    return this.#unwritten === 0;
  }

  override left(): Promise<void> {
    if (this.hasLeft) return Promise.resolve();
    return new Promise((resolve) => void this.#leftWaiters.push(resolve));
  }

  override close(reason: string): void {
    if (this.#port.connected) this.#port.disconnect?.();
    this.ended(reason);
  }

  override terminate(): void {
    this.close("terminated");
  }

  readonly #onWritten = (): void => {
    this.#unwritten -= 1;
    if (this.#unwritten === 0) for (const wake of this.#leftWaiters.splice(0)) wake();
  };
}
