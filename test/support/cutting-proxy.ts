import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A wire that a test can cut: whatever comes in goes to the port behind it. */
export interface CuttingProxy extends AsyncDisposable {
  /** Where to connect instead: "127.0.0.1:PORT". */
  readonly address: string;
  /** How many connections came in so far. */
  readonly accepted: number;
  /** Breaks every connection; new ones are let through. */
  cut(): void;
}

/** Listens on a free port and passes bytes on to `port`. */
export async function cuttingProxy(port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((near) => {
    accepted += 1;
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {}); // its end is what counts
      one.once("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${own}`,
    get accepted() {
      return accepted;
    },
    cut,
    [Symbol.asyncDispose]() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
