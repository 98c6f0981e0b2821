import { systemClock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { Session } from "../../rpc/session.ts";
import { encodeAnswer, type StackedAnswer } from "../batch-frame.ts";
import type { Group } from "../frame-reader.ts";
import { StreamWindow } from "../stream-window.ts";
import { WORKER_EVENTS, type StreamMeta, type TakenPieces } from "../worker-protocol.ts";
import type { EngineOptions } from "./engine.ts";
import { Intake } from "./intake.ts";
import { ItemReader } from "./item-reader.ts";
import { CallContext } from "./model-context.ts";
import { Outtake } from "./outtake.ts";

/** Pieces that come faster than this travel together. */
const LONGEST_HOLD_MS = 1;
/** So long a generator may keep the event loop: behind it waits a cancel. */
const LONGEST_TURN_MS = 5;

/** One item's answer, piece by piece: the next is asked for when its reader has taken enough of those before. */
export class StreamRun {
  readonly #options: EngineOptions;
  readonly #session: Session;
  readonly #call: IncomingCall;
  readonly #abort = new LazyAbort();
  readonly #window = new StreamWindow();
  /** Ends the wait for its reader. */
  #goOn: () => void = () => {};
  /** Ends the wait for the next piece. */
  #leave: ((reason: DingError) => void) | undefined;

  constructor(options: EngineOptions, session: Session, call: IncomingCall) {
    this.#options = options;
    this.#session = session;
    this.#call = call;
  }

  /** Nobody reads on: aborts the signal of the code. */
  cancel(reason: DingError): void {
    this.#abort.abort(reason);
    this.#leave?.(reason);
  }

  /** The reader of a stream has taken some pieces; it may be the one before, which has ended. */
  more([stream, count]: TakenPieces): void {
    if (stream !== this.#meta.stream) return;
    this.#window.taken(count);
    this.#goOn();
  }

  /** Resolves when every piece is sent and the code has ended; rejects with what the code threw, or the reason of the cancel. */
  async run(groups: readonly Group[]): Promise<void> {
    const { model, context } = this.#options;
    const reader = model.input && new ItemReader(model.input);
    const intake = new Intake({ reader, schema: model.inputSchema });
    await intake.takeAll(groups);
    const [seat] = intake.seats;
    if (seat?.error) throw DingError.fromRecord(seat.error);
    if (!seat || intake.items.length !== 1) {
      const message = `Cannot stream: one item at a time: got ${intake.items.length}`;
      throw new DingError("usage.invalid-input", message);
    }
    this.#abort.throwIfAborted();
    const { parameters } = this.#meta;
    const facts = { abort: this.#abort, parameters, shapes: intake.shapes };
    const outtake = new Outtake({ signature: model.output, schema: model.outputSchema });
    const pieces = model.generate?.(intake.items[0], new CallContext(context, facts));
    const iterator = pieces?.[Symbol.asyncIterator]();
    let pending: Promise<IteratorResult<unknown>> | undefined;
    let turnedMs = systemClock.now();
    let flushedMs = -Infinity;
    try {
      for (;;) {
        pending = iterator?.next();
        const next = await this.#unlessCancelled(pending);
        if (!next || next.done) return;
        this.#send(await outtake.giveAll([seat], [{ value: next.value }]));
        const now = systemClock.now();
        if (now - flushedMs > LONGEST_HOLD_MS) {
          this.#session.flush();
          flushedMs = now;
        }
        while (this.#window.isFull) await this.#unlessCancelled(this.#reader());
        if (now - turnedMs < LONGEST_TURN_MS) continue;
        await new Promise<void>((resolve) => void setImmediate(resolve));
        turnedMs = systemClock.now();
      }
    } finally {
      // It may be in a wait of its own: no other call runs beside it. Who does not listen to the signal is ended by the server.
      await Promise.allSettled([pending, iterator?.return?.()]);
    }
  }

  get #meta(): StreamMeta {
    return this.#call.meta as StreamMeta;
  }

  #send(results: StackedAnswer["results"]): void {
    for (const piece of results) if ("error" in piece) throw DingError.fromRecord(piece.error);
    const body = encodeAnswer({ computeMs: 0, results });
    this.#window.sent(body.length);
    this.#call.event(WORKER_EVENTS.PIECE, body);
  }

  /** Nothing of what it waits for may be held back here. */
  #reader(): Promise<void> {
    this.#session.flush();
    return new Promise((resolve) => (this.#goOn = resolve));
  }

  #unlessCancelled<T>(wait: Promise<T> | undefined): Promise<T> | undefined {
    if (!wait) return undefined;
    return new Promise((resolve, reject) => {
      this.#leave = reject;
      if (this.#abort.aborted) reject(this.#abort.reason as DingError);
      wait.then(resolve, reject);
    });
  }
}
