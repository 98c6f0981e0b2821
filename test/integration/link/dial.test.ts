import { expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { NetworkError } from "../../../src/core/errors.ts";
import { dialLink } from "../../../src/link/websocket.ts";

/** A port that cuts its first callers, and tells how many came. */
async function cuttingServer(): Promise<{ server: Server; port: number; calls: () => number }> {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.on("error", () => {});
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { server, port, calls: () => calls };
}

test("dialLink() dials again when nobody was there and the port is open all the same: it may have just been opened", async () => {
  const { server, port, calls } = await cuttingServer();
  try {
    const error: unknown = await dialLink(`ws://127.0.0.1:${port}/`, { timeoutMs: 2_000 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NetworkError);
    // Two tries, and a look at the port after each.
    expect(calls()).toBe(4);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
