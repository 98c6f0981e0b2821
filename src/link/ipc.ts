import type { ChildProcess } from "node:child_process";
import { Link } from "./link.ts";

/** Either end of node's ipc: a child process, or `process` inside it. */
type Port = Pick<ChildProcess, "connected" | "pid"> & {
  send?: ((message: unknown, callback?: (error: Error | null) => void) => boolean) | undefined;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
  disconnect?: (() => void) | undefined;
};

/** A link between parent and child process: one ipc message is one frame. */
class IpcLink extends Link {
  readonly #port: Port;
  #unwritten = 0;
  #leftWaiters: (() => void)[] = [];

  constructor(peer: string, port: Port) {
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

/** The link to a child that was started with ipc. */
export function childLink(child: ChildProcess): Link {
  return new IpcLink(`pid ${child.pid}`, child as Port);
}

/** The link to the process that started this one. */
export function parentLink(): Link {
  return new IpcLink("parent", process as unknown as Port);
}
