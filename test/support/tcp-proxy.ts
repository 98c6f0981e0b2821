import { connect, createServer, type Server, type Socket } from "node:net";

/** One connection through the proxy: from whoever dialled it, and on to the target. */
interface Pair {
  near: Socket;
  far: Socket;
  /** What arrived while the proxy was paused. */
  held: (() => void)[];
}

/** A place on the network between two ends, where a test cuts, silences and refuses connections. */
export class TcpProxy implements AsyncDisposable {
  readonly #target: { host: string; port: number };
  #server: Server;
  #port = 0;
  readonly #pairs = new Set<Pair>();
  #isPaused = false;
  #isRefusing = false;
  /** How many connections there have been. */
  accepted = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = this.#newServer();
  }

  /** Listens on a free port and passes everything on to `port` of this machine. */
  static async open(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host: "127.0.0.1", port });
    await proxy.show();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Cuts every connection, on both sides; new ones pass. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** Cuts one side only: the other end believes that it is connected still. */
  cutHalf(side: "near" | "far"): void {
    for (const pair of this.#pairs) {
      pair.held = [];
      const dead = pair[side];
      const alive = side === "near" ? pair.far : pair.near;
      dead.removeAllListeners("close");
      alive.removeAllListeners("data");
      alive.on("data", () => {});
      dead.destroy();
    }
  }

  /** From now on nothing passes and nobody is told: a cable that was pulled. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Everything passes again, what was held first. */
  resume(): void {
    this.#isPaused = false;
    for (const pair of this.#pairs) for (const pass of pair.held.splice(0)) pass();
  }

  /** From now on, or no longer, cuts every new connection as soon as it is there. */
  refuse(isRefusing = true): void {
    this.#isRefusing = isRefusing;
  }

  /** Cuts everything and listens no more: whoever dials is refused by the system. */
  async hide(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  /** Listens again, on the same port. */
  async show(): Promise<void> {
    this.#server = this.#newServer();
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    await this.hide();
  }

  #newServer(): Server {
    return createServer((near) => this.#onConnection(near));
  }

  #onConnection(near: Socket): void {
    this.accepted += 1;
    near.on("error", () => {}); // a cut is what we are here for
    if (this.#isRefusing) {
      near.destroy();
      return;
    }
    const far = connect(this.#target);
    far.on("error", () => {});
    const pair: Pair = { near, far, held: [] };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on("data", (bytes) => this.#pass(pair, () => to.writable && to.write(bytes)));
      from.on("close", () => {
        this.#pass(pair, () => to.destroy());
        if (near.destroyed && far.destroyed) this.#pairs.delete(pair);
      });
    }
  }

  #pass(pair: Pair, pass: () => void): void {
    if (this.#isPaused) pair.held.push(pass);
    else pass();
  }
}
