import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { AnswerReader } from "./answer-reader.ts";

/** Why a request has no answer. */
export type Failure =
  | "refused"
  | "unreachable"
  | "closed"
  | "malformed"
  | "timeout"
  /** The measure was over before. */
  | "unanswered";

/** How a request ended. */
export interface Ended {
  /** When it was sent, or when its turn had come. */
  readonly countsFromMs: number;
  /** How much later than planned it was sent through no fault of the server; undefined where there is no plan. */
  readonly lagMs?: number | undefined;
  /** Undefined if it has an answer. */
  readonly failure: Failure | undefined;
  /** Of the answer. */
  readonly status: number;
  /** The beginning of what an answer with an error says. */
  readonly refusal: string;
}

/** Opens a connection; may throw or give a socket that fails later. */
export type Dial = () => Socket;

const REASONS: Record<string, Failure> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "closed",
  EPIPE: "closed",
};

/**
 * One client: a connection that is kept, and one request at a time on it. Opens
 * the connection when a request needs it, again when it was closed.
 */
export class Lane implements Ended {
  countsFromMs = 0;
  lagMs: number | undefined;
  /** When the last one ended. */
  freeSinceMs = 0;
  failure: Failure | undefined;
  readonly #dial: Dial;
  readonly #onEnd: (lane: Lane) => void;
  readonly #reader = new AnswerReader();
  #socket: Socket | undefined;
  #isBusy = false;

  /** `onEnd` is called once for each request; it may send the next. */
  constructor(dial: Dial, onEnd: (lane: Lane) => void) {
    this.#dial = dial;
    this.#onEnd = onEnd;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get status(): number {
    return this.#reader.status;
  }

  get refusal(): string {
    return this.#reader.refusal;
  }

  /** Sends a whole request, head and body. */
  send(request: Uint8Array): void {
    this.#isBusy = true;
    this.failure = undefined;
    this.#reader.reset();
    this.#socket ??= this.#open();
    this.#socket.write(request);
  }

  /** Gives the request under way up, for this reason. */
  cut(failure: Failure): void {
    this.#drop();
    this.#end(failure);
  }

  /** Says no more. */
  close(): void {
    this.#isBusy = false;
    this.#drop();
  }

  #open(): Socket {
    const socket = this.#dial();
    let reason: Failure = "closed";
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#take(socket, bytes));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      reason = REASONS[error.code ?? ""] ?? "unreachable";
    });
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#end(this.#reader.isWholeByClose && reason === "closed" ? undefined : reason);
    });
    return socket;
  }

  #take(socket: Socket, bytes: Buffer): void {
    if (this.#socket !== socket) return;
    const reading = this.#isBusy ? this.#reader.take(bytes) : "malformed";
    if (reading === "more") return;
    if (reading === "malformed" || !this.#reader.isKeptAlive) this.#drop();
    this.#end(reading === "malformed" ? "malformed" : undefined);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #end(failure: Failure | undefined): void {
    if (!this.#isBusy) return;
    this.#isBusy = false;
    this.failure = failure;
    this.#onEnd(this);
  }
}
