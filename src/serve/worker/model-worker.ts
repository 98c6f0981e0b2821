import { systemClock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import { loggerWith, type Logger } from "../../core/log.ts";
import { parentLink } from "../../link/process.ts";
import { OneByOne, RECALL } from "../../pool/one-by-one.ts";
import { msgpack } from "../../protocol/codec.ts";
import { Peer, type IncomingCall } from "../../rpc/peer.ts";
import { Session } from "../../rpc/session.ts";
import { encodeAnswerInParts } from "../answer-parts.ts";
import { decodeBatchGroups, encodeAnswer, type StackedAnswer } from "../batch-frame.ts";
import { deviceEnv } from "../devices.ts";
import { after, type Soon } from "../soon.ts";
import type { ModelContext } from "../plugin/model-plugin.ts";
import {
  WORKER_EVENTS,
  WORKER_METHODS,
  type ModelReport,
  type StreamMeta,
  type TakenPieces,
  type WorkerSetUp,
} from "../worker-protocol.ts";
import { failureRecord } from "./failure.ts";
import { loadModel, modelError, reportOf, type ReadyModel } from "./load-model.ts";
import { modelContext } from "./model-context.ts";
import { StatisticsOut } from "./statistics.ts";
import { StreamRun } from "./stream-run.ts";
import { openWorkerMemory, type WorkerMemory } from "./worker-memory.ts";

/** So long a model's `close` may take when nobody is left to end it. */
const LONGEST_CLOSE_MS = 3_000;
/** So long the last line of the log may take. */
const LAST_WORDS_MS = 500;

/** What becomes of a throw that nobody waits for. */
const STRAY = ["uncaughtException", "unhandledRejection"] as const;

/** The program of a worker process of `ding serve`: answers its server until that is gone. */
export function runModelWorker(log: Logger): void {
  const session = new Session({
    id: "worker",
    clock: systemClock,
    heartbeatMs: Infinity,
    toleranceMs: Infinity,
  });
  const worker = new ModelWorker(session, log);
  const peer = new Peer(session, { call: (call) => worker.answer(call) });
  session.listen({
    message: (message) => peer.receive(message),
    detached: () => void worker.stop(),
    ended: () => void worker.stop(),
  });
  // A plugin that listens for these itself has its own way with them.
  const isOurs = (): boolean => STRAY.every((event) => process.listenerCount(event) === 1);
  const fatal = (thrown: unknown): void => void (isOurs() && worker.fail(thrown));
  for (const event of STRAY) process.on(event, fatal);
  session.attach(parentLink(), 0, Infinity);
}

/** What a begun call is cancelled by. */
type Cancel = (reason: DingError) => void;

/**
 * Answers the calls of a server: one that loads the model, then batches and
 * streams, one at a time, while the next may lie ready.
 */
class ModelWorker {
  readonly #session: Session;
  /** Says of each line whose it is, once that is known. */
  #log: Logger;
  readonly #calls: OneByOne;
  readonly #statistics = new StatisticsOut();
  #context: ModelContext | undefined;
  #ready: ReadyModel | undefined;
  #memory: WorkerMemory | undefined;
  #cancel: Cancel = () => {};
  #streamRun: StreamRun | undefined;
  #isStopping = false;
  /** The call that loads the model, as long as it does. */
  #setting: { call: IncomingCall; setUp: WorkerSetUp } | undefined;

  constructor(session: Session, log: Logger) {
    this.#session = session;
    this.#log = log;
    this.#calls = new OneByOne(session, systemClock, (call) => this.#begin(call));
  }

  answer(call: IncomingCall): void {
    switch (call.method) {
      case WORKER_METHODS.BATCH:
      case WORKER_METHODS.STREAM:
        return this.#calls.add(call);
      case WORKER_METHODS.MORE:
        this.#streamRun?.more(call.meta as TakenPieces);
        return call.reply();
      case RECALL:
        this.#calls.recall();
        return call.reply();
      case WORKER_METHODS.SET_UP:
        void this.#setUp(call);
        return;
      default:
        call.fail({ code: "network.protocol", message: `No method "${call.method}"` });
    }
  }

  /** The server wants it no longer, or is gone. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#cancel(new DingError("service.stopping", "The worker stops"));
    using _limit = systemClock.after(LONGEST_CLOSE_MS, () => process.exit(0));
    try {
      await this.#ready?.model.close?.();
    } catch (thrown) {
      this.#log.error(`the model does not close: ${failureRecord(thrown).message}`);
    }
    process.exit(0);
  }

  /** A plugin threw where nobody waits for it: a model that loads does not, any other ends with its process. */
  fail(thrown: unknown): void {
    if (this.#setting) {
      const { call, setUp } = this.#setting;
      this.#setting = undefined;
      return call.fail(modelError(setUp, "", thrown).toJSON());
    }
    this.#log.error(`the worker ends: ${messageOf(thrown)}`, { stack: stackOf(thrown) });
    systemClock.after(LAST_WORDS_MS, () => process.exit(1));
    process.stderr.end(() => process.exit(1));
  }

  async #setUp(call: IncomingCall): Promise<void> {
    const setUp = call.meta as WorkerSetUp;
    this.#setting = { call, setUp };
    const begunMs = systemClock.now();
    this.#log = loggerWith(this.#log, { model: setUp.name, worker: setUp.workerId });
    this.#statistics.begin(call);
    try {
      // Before anything of the model's is imported. (What reads the environment natively has it from the start.)
      Object.assign(process.env, deviceEnv(setUp.device));
      this.#context = modelContext(setUp, this.#log, this.#statistics.record);
      this.#memory = openWorkerMemory(setUp.sharedMemory);
      this.#ready = await loadModel(setUp, this.#context);
      const report: ModelReport = {
        ...reportOf(this.#ready, setUp),
        loadMs: systemClock.now() - begunMs,
        sharesMemory: this.#memory !== undefined,
      };
      if (!this.#setting) return;
      this.#setting = undefined;
      this.#statistics.end();
      call.reply(msgpack.encode(report));
    } catch (thrown) {
      if (!this.#setting) return;
      this.#setting = undefined;
      this.#log.debug("the model does not load", { stack: stackOf(thrown) });
      call.fail(DingError.from(thrown).toJSON());
    }
  }

  /** What is done at once is answered at once. */
  #begin(call: IncomingCall): void {
    call.onCancel = () =>
      this.#cancel(new DingError("task.cancelled", "Nobody waits for it any more"));
    this.#statistics.begin(call);
    let answer: Soon<Uint8Array | undefined>;
    try {
      answer = call.method === WORKER_METHODS.BATCH ? this.#batch(call) : this.#stream(call);
    } catch (thrown) {
      return this.#fail(call, thrown);
    }
    if (!(answer instanceof Promise)) return this.#reply(call, answer);
    answer.then(
      (body) => this.#reply(call, body),
      (thrown: unknown) => this.#fail(call, thrown),
    );
  }

  #reply(call: IncomingCall, answer: Uint8Array | undefined): void {
    this.#statistics.end();
    call.reply(answer);
    this.#done();
  }

  #fail(call: IncomingCall, thrown: unknown): void {
    this.#statistics.end();
    call.fail(thrown instanceof DingError ? thrown.toJSON() : failureRecord(thrown));
    this.#done();
  }

  #done(): void {
    this.#cancel = () => {};
    this.#calls.done();
  }

  #batch(call: IncomingCall): Soon<Uint8Array> {
    return after(this.#run(call, {}), (answer) => {
      try {
        return encodeAnswer(answer, this.#memory);
      } catch {
        return this.#inParts(call, answer);
      }
    });
  }

  /** What no message holds goes in several. */
  #inParts(call: IncomingCall, answer: StackedAnswer): Uint8Array {
    const parts = encodeAnswerInParts(answer, this.#memory);
    const last = parts.pop() as Uint8Array;
    for (const part of parts) call.event(WORKER_EVENTS.PART, part);
    return last;
  }

  #run({ body }: IncomingCall, parameters: StreamMeta["parameters"]): Soon<StackedAnswer> {
    const { engine } = this.#loaded;
    if (!engine) throw streamsOnlyError(this.#context);
    const abort = new LazyAbort();
    this.#cancel = (reason) => abort.abort(reason);
    const groups = decodeBatchGroups(body ?? new Uint8Array(), this.#memory);
    return engine.run(groups, { abort, parameters });
  }

  /** A model without `generate` gives its one output as the only piece. */
  async #stream(call: IncomingCall): Promise<undefined> {
    const { model } = this.#loaded;
    if (!model.generate) return this.#onePiece(call);
    const context = this.#context as ModelContext;
    const run = new StreamRun({ model, context }, this.#session, call);
    this.#cancel = (reason) => run.cancel(reason);
    this.#streamRun = run;
    try {
      await run.run(decodeBatchGroups(call.body ?? new Uint8Array(), this.#memory));
    } catch (thrown) {
      this.#tellFailure(context, thrown);
      throw thrown;
    } finally {
      this.#streamRun = undefined;
    }
  }

  async #onePiece(call: IncomingCall): Promise<undefined> {
    const { parameters } = call.meta as StreamMeta;
    const { results } = await this.#run(call, parameters);
    for (const result of results) {
      if ("error" in result) throw DingError.fromRecord(result.error);
      call.event(WORKER_EVENTS.PIECE, encodeAnswer({ computeMs: 0, results: [result] }));
    }
  }

  #tellFailure({ name }: ModelContext, thrown: unknown): void {
    const code = thrown instanceof DingError ? thrown.code : "task.failed";
    if (code !== "task.failed" && code !== "task.invalid-result") return;
    const { message } = failureRecord(thrown);
    const fields = code === "task.failed" ? { stack: stackOf(thrown) } : {};
    this.#log.error(`model "${name}" failed: ${message}`, fields);
  }

  get #loaded(): ReadyModel {
    if (this.#ready) return this.#ready;
    throw new DingError("state.invalid", "Cannot run a batch: no model is loaded");
  }
}

function streamsOnlyError(context: ModelContext | undefined): DingError {
  const message = `Cannot infer: model "${context?.name ?? ""}" only streams its answers`;
  return new DingError("usage.invalid-input", message, {
    hint: "Ask for a stream: POST /v2/models/NAME/generate_stream.",
  });
}

function stackOf(thrown: unknown): string | undefined {
  const { cause } = (thrown ?? {}) as { cause?: unknown };
  const source = cause instanceof Error ? cause : thrown;
  return source instanceof Error ? source.stack : undefined;
}
