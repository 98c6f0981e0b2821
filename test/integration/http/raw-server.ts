import { createServer, type AddressInfo, type Socket } from "node:net";

/** A port behind which bytes are answered with bytes. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What each connection has sent so far. */
  readonly received: string[];
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>;
}

/** Listens and calls `answer` whenever bytes have come; it may misbehave as it likes. */
export async function rawServer(
  answer: (socket: Socket, received: string) => void,
): Promise<RawServer> {
  const received: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const index = received.push("") - 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {}); // a client that went away
    socket.on("data", (chunk) => {
      received[index] += chunk.toString("latin1");
      answer(socket, received[index] ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** True when a request whose body has this many characters has come as a whole. */
export function isWhole(received: string, bodyLength: number): boolean {
  const end = received.indexOf("\r\n\r\n");
  return end >= 0 && received.length === end + 4 + bodyLength;
}
