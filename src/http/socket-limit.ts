import type { RequestInfo } from "../runtime/http-server.ts";

/** Counts the WebSockets of a port, so that nobody opens them without end. */
export class SocketLimit {
  readonly #most: number;
  #open = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get isReached(): boolean {
    return this.#open >= this.#most;
  }

  /** The same request; the WebSocket that it may become is counted while it is open. */
  counted(info: RequestInfo): RequestInfo {
    return {
      remoteAddress: info.remoteAddress,
      upgrade: (request, onSocket) =>
        info.upgrade(request, (socket) => {
          this.#open += 1;
          const events = onSocket(socket);
          return {
            message: (bytes) => events.message(bytes),
            close: (code, reason) => {
              this.#open -= 1;
              events.close(code, reason);
            },
          };
        }),
    };
  }
}
