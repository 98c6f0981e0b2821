import { systemClock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { Session } from "../../rpc/session.ts";
import { encodeAnswer, type StackedAnswer } from "../batch-frame.ts";
import type { Group } from "../frame-reader.ts";
import { WORKER_EVENTS, type StreamMeta } from "../worker-protocol.ts";
import type { EngineOptions } from "./engine.ts";
import { Intake } from "./intake.ts";
import { ItemReader } from "./item-reader.ts";
import { CallContext } from "./model-context.ts";
import { Outtake } from "./outtake.ts";

/** With more than this on its way to the server, the generator waits. */
const MOST_UNREAD = { bytes: 4 * 1024 * 1024, messages: 1_000 };
/** Pieces that come faster than this travel together. */
const LONGEST_HOLD_MS = 1;
/** So long a generator may keep the event loop: behind it waits a cancel. */
const LONGEST_TURN_MS = 5;

/** One item's answer, piece by piece. */
export class StreamRun {
  readonly #options: EngineOptions;
  readonly #session: Session;
  readonly #call: IncomingCall;
  readonly #abort = new LazyAbort();
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

  /** Resolves when every piece is sent and the code has ended; rejects with what the code threw, or the reason of the cancel. */
  async run(groups: readonly Group[]): Promise<void> {
    const { model, context } = this.#options;
    const reader = model.input && new ItemReader(model.input);
    const intake = await new Intake({ reader, schema: model.inputSchema }).takeAll(groups);
    const [seat] = intake.seats;
    if (seat?.error) throw DingError.fromRecord(seat.error);
    if (!seat || intake.items.length !== 1) {
      const message = `Cannot stream: one item at a time: got ${intake.items.length}`;
      throw new DingError("usage.invalid-input", message);
    }
    this.#abort.throwIfAborted();
    const { parameters } = this.#call.meta as StreamMeta;
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
        await this.#unlessCancelled(this.#roomForMore());
        if (now - turnedMs < LONGEST_TURN_MS) continue;
        await new Promise<void>((resolve) => void setImmediate(resolve));
        turnedMs = systemClock.now();
      }
    } finally {
      // It may be in a wait of its own: no other call runs beside it. Who does not listen to the signal is ended by the server.
      await Promise.allSettled([pending, iterator?.return?.()]);
    }
  }

  #send(results: StackedAnswer["results"]): void {
    for (const piece of results) if ("error" in piece) throw DingError.fromRecord(piece.error);
    this.#call.event(WORKER_EVENTS.PIECE, encodeAnswer({ computeMs: 0, results }));
  }

  #roomForMore(): Promise<void> | undefined {
    return this.#session.hasAtMost(MOST_UNREAD) ? undefined : this.#session.delivered();
  }

  #unlessCancelled<T>(wait: Promise<T> | undefined): Promise<T> | undefined {
    if (!wait) return undefined;
    return new Promise((resolve, reject) => {
      this.#leave = reject;
      if (this.#abort.isAborted) reject(this.#abort.reason as DingError);
      wait.then(resolve, reject);
    });
  }
}
