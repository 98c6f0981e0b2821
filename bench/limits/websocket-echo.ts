/** A WebSocket that sends back what it gets: `bun websocket-echo.ts` prints its port. */
import { frameOf, valueOf } from "./bare-codec.ts";

/** A client of the echo; one trip at a time. */
export class WebSocketEcho {
  readonly #socket: WebSocket;
  #settle: (frame: Uint8Array) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event: MessageEvent<ArrayBuffer>) => {
      this.#settle(new Uint8Array(event.data));
    });
  }

  static async open(port: number): Promise<WebSocketEcho> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    return new WebSocketEcho(socket);
  }

  /** Encodes, sends, waits, decodes. */
  async trip(value: unknown): Promise<unknown> {
    const echoed = new Promise<Uint8Array>((resolve) => (this.#settle = resolve));
    this.#socket.send(frameOf(0, value));
    return valueOf(await echoed);
  }

  close(): void {
    this.#socket.close();
  }
}

if (import.meta.main) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no upgrade")),
    websocket: { message: (socket, frame) => void socket.send(frame) },
  });
  console.log(server.port);
}
