/** What happens on a socket; set once, when it opens. */
export interface SocketEvents {
  /** The bytes are the receiver's own: no runtime reuses them. */
  message(bytes: Uint8Array): void;
  /** Once, however it ended. */
  close(code: number, reason: string): void;
}

/** One open WebSocket, the same on both ends and under every runtime. Binary messages only. */
export interface RawSocket {
  /** False when the socket is closed or would not take the bytes. */
  send(bytes: Uint8Array): boolean;
  close(code: number, reason: string): void;
  /** Ends it without a farewell: for a peer that no longer answers. */
  terminate(): void;
}

/** Called when a socket has opened; what it returns hears the rest. */
export type OnSocket = (socket: RawSocket) => SocketEvents;

/** A text message is no frame of ours: its peer speaks another protocol. */
export const UNSUPPORTED_DATA = 1003;

/** The standard WebSocket object as a RawSocket; call when it is open. */
export function wrapWebSocket(socket: WebSocket, onSocket: OnSocket): void {
  socket.binaryType = "arraybuffer";
  const events = onSocket({
    send(bytes) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      // The DOM's type leaves out views of shared memory, which nobody here makes.
      socket.send(bytes as Uint8Array<ArrayBuffer>);
      return true;
    },
    close: (code, reason) => socket.close(code, reason),
    terminate() {
      const { terminate } = socket as { terminate?: () => void };
      if (terminate) terminate.call(socket);
      else socket.close();
    },
  });
  socket.addEventListener("message", (event: MessageEvent) => {
    if (event.data instanceof ArrayBuffer) events.message(new Uint8Array(event.data));
    else socket.close(UNSUPPORTED_DATA, "binary messages only");
  });
  socket.addEventListener("close", (event: CloseEvent) => events.close(event.code, event.reason));
}
