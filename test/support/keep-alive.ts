import { connect, type Socket } from "node:net";

/** What a server answered, whole. */
export interface RawAnswer {
  status: number;
  /** Names in small letters. */
  headers: Map<string, string>;
  body: Uint8Array;
}

/** One connection of HTTP/1.1 that is used again and again, and hides nothing: no second try, no pool. */
export class KeepAlive implements Disposable {
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<RawAnswer> | undefined;
  /** What came that nobody had asked for: a second answer. */
  extraBytes = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends one request and gives its answer; rejects with code ECONNREFUSED, or LOST when it came to no answer. */
  async post(
    path: string,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const socket = (this.#socket ??= await this.#dial());
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const fields = Object.entries({ ...headers, "Content-Length": String(bytes.length) });
    const lines = [
      `POST ${path} HTTP/1.1`,
      "Host: 127.0.0.1",
      ...fields.map((field) => field.join(": ")),
    ];
    const answered = (this.#waiting = Promise.withResolvers<RawAnswer>());
    socket.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), bytes]));
    return await answered.promise;
  }

  /** Cuts the connection, whatever is under way. */
  [Symbol.dispose](): void {
    this.#socket?.destroy();
    this.#waiting?.promise.catch(() => {});
  }

  #dial(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, "127.0.0.1");
      socket.setNoDelay(true);
      socket.once("connect", () => resolve(socket));
      socket.on("error", reject);
      socket.on("data", (bytes: Buffer) => this.#onBytes(socket, bytes));
      socket.on("end", () => socket.destroy());
      socket.on("close", () => this.#onClose(socket));
    });
  }

  #onBytes(socket: Socket, bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    const answer = this.#take();
    if (!answer) return;
    if (answer.headers.get("connection")?.toLowerCase() === "close") this.#forget(socket);
    this.extraBytes += this.#received.length;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(answer);
    else this.extraBytes += answer.body.length + 1;
  }

  #take(): RawAnswer | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first = "", ...lines] = this.#received.toString("latin1", 0, end).split("\r\n");
    const headers = new Map(
      lines.map((line): [string, string] => {
        const at = line.indexOf(":");
        return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
      }),
    );
    const from = end + 4;
    const to = from + Number(headers.get("content-length") ?? 0);
    if (this.#received.length < to) return undefined;
    const body = new Uint8Array(this.#received.subarray(from, to));
    this.#received = this.#received.subarray(to);
    return { status: Number(first.split(" ")[1]), headers, body };
  }

  /** One that was given up before may close late: what is asked over the next is none of its business. */
  #onClose(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#forget(socket);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const error = new Error("The connection closed without an answer");
    waiting?.reject(Object.assign(error, { code: "LOST" }));
  }

  #forget(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
  }
}
