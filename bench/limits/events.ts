/**
 * Many msgpack messages in one WebSocket frame: `bun events.ts URL` sends as many as the other end asks for. What the
 * product's events cost beyond this is names, order, acknowledgements and handlers.
 */
import { Packr, Unpackr } from "msgpackr";
import { Processes } from "../support/processes.ts";

/** What both send: 100 bytes. */
export const PAYLOAD: Uint8Array = new Uint8Array(100).fill(97);

const FRAME_BYTES = 64 * 1024;
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024;
const OPTIONS = { useRecords: false, moreTypes: true, int64AsType: "number" } as const;

/** The receiving end, and a process that sends. */
export class BareEvents implements AsyncDisposable {
  readonly #processes = new Processes();
  readonly #unpackr = new Unpackr(OPTIONS);
  readonly #opened = Promise.withResolvers<Bun.ServerWebSocket<undefined>>();
  #server: Bun.Server<undefined> | undefined;
  #left = 0;
  #firstMs = 0;
  #done: (ms: number) => void = () => {};

  static async start(): Promise<BareEvents> {
    const bare = new BareEvents();
    bare.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no upgrade")),
      websocket: {
        open: (socket) => bare.#opened.resolve(socket),
        message: (_, frame) => bare.#onFrame(frame as Buffer),
        maxPayloadLength: 64 * 1024 * 1024,
      },
    });
    const url = `ws://127.0.0.1:${bare.#server.port}/`;
    await bare.#processes.start(process.execPath, [import.meta.path, url]);
    return bare;
  }

  /** Messages a second, from the first to the last. */
  async rate(count: number): Promise<number> {
    const socket = await this.#opened.promise;
    this.#left = count;
    this.#firstMs = 0;
    const done = new Promise<number>((resolve) => (this.#done = resolve));
    socket.send(String(count));
    return (count / (await done)) * 1_000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes[Symbol.asyncDispose]();
    await this.#server?.stop(true);
  }

  #onFrame(frame: Buffer): void {
    this.#firstMs ||= performance.now();
    this.#unpackr.unpackMultiple(frame, () => {
      this.#left -= 1;
    });
    if (this.#left === 0) this.#done(performance.now() - this.#firstMs);
  }
}

async function send(socket: WebSocket, count: number): Promise<void> {
  const packr = new Packr(OPTIONS);
  const frame = new Uint8Array(2 * FRAME_BYTES);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const message = packr.pack(PAYLOAD);
    frame.set(message, at);
    at += message.length;
    if (at < FRAME_BYTES && index < count - 1) continue;
    socket.send(frame.subarray(0, at));
    at = 0;
    while (socket.bufferedAmount > MOST_BUFFERED_BYTES) await Bun.sleep(0);
  }
}

if (import.meta.main) {
  const socket = new WebSocket(process.argv[2] ?? "");
  socket.onmessage = ({ data }) => void send(socket, Number(data));
  socket.onopen = () => console.log("ready");
}
