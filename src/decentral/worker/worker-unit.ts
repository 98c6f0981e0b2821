import { DingError, messageOf } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import { loggerWith, type Logger } from "../../core/log.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { WorkContext } from "../unit-context.ts";
import type { UnitPlugin, UnitSteps } from "../unit-plugin.ts";
import { UNIT_EVENTS, type JobMeta, type UnitMeta } from "../worker-protocol.ts";
import { jobFailure } from "./job-failure.ts";
import { ModelLife } from "./model-life.ts";
import { Rounds } from "./rounds.ts";
import { runLoop } from "./unit-loop.ts";
import { UnitPlace } from "./unit-place.ts";

/** So long a unit that is abandoned waits for its last round or job before its model is put off all the same. */
const LAST_WORDS_MS = 1_000;

/** A unit in its worker process, from the UNIT call that makes it to the answer of that call. */
export class WorkerUnit {
  readonly #call: IncomingCall;
  readonly #plugin: UnitPlugin;
  readonly #steps: UnitSteps;
  readonly #place: UnitPlace;
  readonly #model: ModelLife;
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  /** Of the jobs that run. */
  readonly #aborts = new Set<LazyAbort>();
  readonly #isAbandoned = Promise.withResolvers<void>();

  constructor(call: IncomingCall, plugin: UnitPlugin, log: Logger) {
    const meta = call.meta as UnitMeta;
    this.#call = call;
    this.#plugin = plugin;
    this.#steps = plugin.create();
    this.#log = loggerWith(log, { unit: meta.id });
    this.#place = new UnitPlace(meta, this.#log);
    this.#model = new ModelLife(this.#steps, this.#log);
    call.onCancel = () => this.stop();
  }

  /** Its life; never rejects. */
  async run(): Promise<void> {
    const { context } = this.#place;
    await this.#model.open(context, (reason) => this.#say(UNIT_EVENTS.AWAY, reason));
    if (!context.stopping.aborted) {
      this.#say(UNIT_EVENTS.OPENED);
      await Promise.race([this.#work(), this.#isAbandoned.promise]);
    }
    await this.#model.off();
    await this.#place[Symbol.asyncDispose]();
    this.#call.reply();
  }

  /** It shall end after what it does now. */
  stop(): void {
    this.#place.stop();
  }

  /** Nobody waits for what it does: it hears so, and has a moment. */
  async abandon(): Promise<void> {
    this.#place.abandon();
    for (const abort of this.#aborts) abort.abort(this.#place.context.signal.reason);
    const timer = setTimeout(() => this.#isAbandoned.resolve(), LAST_WORDS_MS);
    await Promise.race([Promise.allSettled(this.#running), this.#isAbandoned.promise]);
    clearTimeout(timer);
    this.#isAbandoned.resolve();
    await this.#model.off();
  }

  /** The process ends here and now. */
  offNow(): void {
    this.#model.offNow();
  }

  /** Does one job, and answers with what came of it. */
  job(call: IncomingCall): void {
    const running = this.#do(call).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Answers when its remote server is reached; fails when it is not. */
  probe(call: IncomingCall): void {
    const { context } = this.#place;
    const reached = context.ip === "" ? Promise.resolve() : context.client.connect();
    reached.then(
      () => call.reply(),
      (thrown: unknown) => call.fail(jobFailure(thrown)),
    );
  }

  async #work(): Promise<void> {
    const { context } = this.#place;
    if (this.#plugin.kind === "work") {
      await aborted(context.stopping);
      await Promise.allSettled(this.#running);
      return;
    }
    const rounds = new Rounds((report) => this.#say(UNIT_EVENTS.ROUNDS, report));
    const running = runLoop({ steps: this.#steps, model: this.#model, context, rounds });
    this.#running.add(running);
    await running;
    this.#running.delete(running);
    rounds.flush();
  }

  async #do(call: IncomingCall): Promise<void> {
    const { unit: _, ...envelope } = call.meta as JobMeta;
    const abort = new LazyAbort();
    this.#aborts.add(abort);
    const { context } = this.#place;
    call.onCancel = () =>
      abort.abort(new DingError("task.cancelled", "Nobody waits for the job any more"));
    try {
      const value = jobValue(call.body ?? new Uint8Array());
      const log = loggerWith(this.#log, { job: envelope.id });
      const own = { job: envelope, model: this.#model.value, log };
      const ctx = Object.assign(Object.create(context) as WorkContext, own);
      Object.defineProperty(ctx, "signal", { get: () => abort.signal });
      await this.#steps.work(value, ctx);
      call.reply();
    } catch (thrown) {
      const { id, attempt } = envelope;
      // The fleet says what becomes of the job; here is where it was thrown.
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      this.#log.debug(`work failed: ${messageOf(thrown)}`, { job: id, attempt, stack });
      call.fail(jobFailure(thrown));
    }
    this.#aborts.delete(abort);
  }

  #say(event: string, value?: unknown): void {
    this.#call.event(event, value === undefined ? undefined : msgpack.encode(value));
  }
}

/** What was pushed: JSON. */
function jobValue(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw new NotJson(`Cannot read the job: it is no JSON: ${messageOf(thrown)}`);
  }
}

/** No other try would read it better. */
class NotJson extends Error {
  override readonly name = "GiveUp";
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
