/** A master with no features: a socket per slave and a map of who waits for which id. */
import { frameOf, idOf, valueOf } from "./bare-codec.ts";

/** A connection to one bare slave. */
export class BareConnection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #nextId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event: MessageEvent<ArrayBuffer>) => {
      const frame = new Uint8Array(event.data);
      const id = idOf(frame);
      const settle = this.#waiting.get(id);
      this.#waiting.delete(id);
      settle?.(valueOf(frame));
    });
  }

  /** Connects to the slave that listens on this port of this machine. */
  static async open(port: number): Promise<BareConnection> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    return new BareConnection(socket);
  }

  /** Sends a task and gives its result. */
  run(work: unknown): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(frameOf(id, work));
    });
  }

  close(): void {
    this.#socket.close();
  }
}
