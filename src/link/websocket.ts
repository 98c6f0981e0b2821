import type { RequestInfo } from "../runtime/http-server.ts";
import type { OnSocket, RawSocket } from "../runtime/socket.ts";
import { dialWebSocket, type DialOptions } from "../runtime/web-socket.ts";
import { Link } from "./link.ts";

const NORMAL_CLOSURE = 1000;
/** RFC 6455 leaves 125 bytes to a close frame, two of them the code. */
const MAX_REASON_BYTES = 123;

/** A link over a WebSocket: one binary message is one frame. */
class WebSocketLink extends Link {
  readonly #socket: RawSocket;

  private constructor(peer: string, socket: RawSocket) {
    super(peer);
    this.#socket = socket;
  }

  /** For the runtime: makes a link of every socket that opens. */
  static opener(peer: string, onLink: (link: Link) => void): OnSocket {
    return (socket) => {
      const link = new WebSocketLink(peer, socket);
      onLink(link);
      return {
        message: (bytes) => link.arrived(bytes),
        close: (code, reason) => link.ended(reason || `socket closed with code ${code}`),
      };
    };
  }

  override send(frame: Uint8Array): boolean {
    if (this.isClosed) return false;
    if (this.#socket.send(frame)) return true;
    this.terminate();
    return false;
  }

  override close(reason: string): void {
    if (!this.isClosed) this.#socket.close(NORMAL_CLOSURE, cut(reason));
  }

  override terminate(): void {
    this.#socket.terminate();
    this.ended("terminated");
  }
}

function cut(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES - 3)).replace(/\uFFFD$/, "");
}

/** Dials a ws: or wss: URL; rejects with a NetworkError. */
export async function dialLink(url: string, options: DialOptions): Promise<Link> {
  const opened = Promise.withResolvers<Link>();
  await dialWebSocket(url, options, WebSocketLink.opener(url, opened.resolve));
  return opened.promise;
}

/** Turns an HTTP request into a link; return the answer it gives. */
export function acceptLink(
  request: Request,
  info: RequestInfo,
  onLink: (link: Link) => void,
): Response {
  return info.upgrade(request, WebSocketLink.opener(info.remoteAddress, onLink));
}
