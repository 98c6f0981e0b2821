import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { dialLink } from "../../../src/link/websocket.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { MemoryLink } from "../../../src/link/memory.ts";
import { SessionAcceptor } from "../../../src/rpc/accept.ts";
import { dialSession } from "../../../src/rpc/dial.ts";

const OTHERS = {
  "a web server": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "a program that speaks no HTTP": "SSH-2.0-OpenSSH_9\r\n",
};

test.each(Object.entries(OTHERS))(
  "a session ends at once when %s has the port by now",
  async (_name, answer) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const times = { clock: systemClock, heartbeatMs: 10_000, toleranceMs: 60_000 };
    using acceptor = new SessionAcceptor({
      ...times,
      boot: "boot-1",
      handshakeTimeoutMs: 1_000,
      resumeMs: 1_000,
      admit: async () => ({
        welcome: null,
        listen: () => ({ message() {}, detached() {}, ended() {} }),
      }),
    });
    const [near, far] = MemoryLink.pair();
    void acceptor.accept(far);
    let dials = 0;
    const ended = Promise.withResolvers<DingError | undefined>();
    await dialSession(
      {
        ...times,
        hello: null,
        connectTimeoutMs: 1_000,
        openLink: async (signal) => {
          dials += 1;
          if (dials === 1) return near;
          return dialLink(`ws://127.0.0.1:${port}/session`, { timeoutMs: 1_000, signal });
        },
      },
      () => ({ message() {}, ended: ended.resolve }),
    );
    near.terminate();
    far.terminate();
    expect([(await ended.promise)?.code, dials]).toEqual(["network.protocol", 2]);
    await new Promise((resolve) => server.close(resolve));
  },
);
