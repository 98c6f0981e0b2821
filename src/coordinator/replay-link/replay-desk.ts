import { DingError } from "../../core/errors.ts";
import { decodeFrames } from "../../protocol/codec.ts";
import type { SampleBatch } from "../../replay/batch.ts";
import { checkVersion } from "../../replay/faults.ts";
import type { Replay } from "../../replay/replay.ts";
import type { Inserted, Steps } from "../../replay/replay-options.ts";
import { encodeBody, MESSAGE_BODY_LIMIT_BYTES } from "../../rpc/body.ts";
import type { Body } from "../../rpc/message.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { PolicyLag } from "../weights/policy-lag.ts";
import { readDeleteWords, readInsertWords, readList, readSampleWords } from "./read-words.ts";
import {
  type InsertAnswer,
  MOST_OPEN_CALLS,
  REPLAY_METHODS,
  type SampleAnswer,
} from "./replay-words.ts";

/** Whom a desk serves. */
export interface ReplayDeskOptions {
  replay: Replay;
  /** The newest version of the policy that the worker acts with or learns; 0 before the first. */
  newestVersion: () => number;
  /** What becomes of data of old policies; without it any is taken. */
  lag?: PolicyLag | undefined;
  onInserted?: ((result: Inserted) => void) | undefined;
  onSampled?: ((count: number) => void) | undefined;
}

const METHODS: ReadonlySet<string> = new Set(Object.values(REPLAY_METHODS));

/** The coordinator's end of one worker's inserts and samples: each is answered when the buffer's limiter let it through. */
export class ReplayDesk implements Disposable {
  readonly #options: ReplayDeskOptions;
  readonly #open = new Map<IncomingCall, AbortController>();
  /** Of samples before, to be filled anew. */
  #batch: SampleBatch | undefined;

  constructor(options: ReplayDeskOptions) {
    this.#options = options;
  }

  /** Calls that wait now. */
  get open(): number {
    return this.#open.size;
  }

  /** Answers a call about the buffer; false where it is about something else. */
  answer(call: IncomingCall): boolean {
    if (!METHODS.has(call.method)) return false;
    if (this.#open.size >= MOST_OPEN_CALLS) {
      call.fail(
        new DingError(
          "queue.full",
          `Cannot use the buffer: ${this.#open.size} calls of this worker wait already`,
          { hint: "Await inserts and samples before asking for more." },
        ).toJSON(),
      );
      return true;
    }
    const cancelling = new AbortController();
    this.#open.set(call, cancelling);
    call.onCancel = () => cancelling.abort(new DingError("task.cancelled", "It was cancelled"));
    this.#reply(call, cancelling.signal)
      .then(
        (body) => call.reply(body),
        (thrown: unknown) => call.fail(DingError.from(thrown).toJSON()),
      )
      .finally(() => this.#open.delete(call));
    return true;
  }

  /** Nobody waits for answers any more: what is held back goes, what is in stays in. */
  [Symbol.dispose](): void {
    const error = new DingError("service.stopping", "The worker's link has ended");
    for (const cancelling of this.#open.values()) cancelling.abort(error);
  }

  async #reply({ method, meta, body }: IncomingCall, signal: AbortSignal): Promise<Body> {
    if (method === REPLAY_METHODS.SAMPLE) return await this.#sample(meta, signal);
    if (method === REPLAY_METHODS.PRIORITIES) return this.#setPriorities(meta, body);
    if (method === REPLAY_METHODS.DELETE) return this.#delete(meta, body);
    const isEpisode = method === REPLAY_METHODS.INSERT_EPISODE;
    return answerOf(await this.#insert({ meta, body, isEpisode }, signal));
  }

  async #insert(
    { meta, body, isEpisode }: { meta: unknown; body: Body; isEpisode: boolean },
    signal: AbortSignal,
  ): Promise<InsertAnswer> {
    const { replay, newestVersion, lag, onInserted } = this.#options;
    const words = readInsertWords(meta);
    const [steps, priority] = readBody(body) as [Steps, number | ArrayLike<number> | null];
    if (typeof steps !== "object" || steps === null) throw brokenBody();
    checkVersion(words.policyVersion);
    const newest = newestVersion();
    const count = replay.countSteps(steps);
    const verdict = lag?.judge(words.policyVersion ?? 0, { newest, count }) ?? "take";
    if (verdict === "drop") {
      onInserted?.({ accepted: 0, dropped: count });
      return { accepted: 0, dropped: count };
    }
    const options = { ...words, signal, priority: priority ?? undefined };
    const result = await (isEpisode
      ? replay.insertEpisode(steps, options)
      : replay.insert(steps, options));
    onInserted?.(result);
    return verdict === "pause" ? { ...result, pauseUntil: newest } : { ...result };
  }

  async #sample(meta: unknown, signal: AbortSignal): Promise<Body> {
    const { replay, newestVersion, onSampled } = this.#options;
    const { table, count, policyVersion } = readSampleWords(meta);
    const name = table ?? replay.tables[0] ?? "";
    const version = policyVersion ?? newestVersion();
    const bytes = count * replay.stepBytes;
    // Before anything is drawn: what is used up by a sample that cannot travel would be lost.
    if (bytes > MESSAGE_BODY_LIMIT_BYTES) throw tooLarge(count, bytes);
    const into = this.#batch;
    // At once where it can be: then the same memory serves the next sample too.
    let batch = replay.trySample(name, count, {
      policyVersion: version,
      ...(into ? { into } : {}),
    });
    if (batch) this.#batch = batch;
    else batch = await replay.sample(name, count, { policyVersion: version, signal });
    if (!batch) return undefined;
    onSampled?.(count);
    return answerOf(formOf(batch));
  }

  #setPriorities(meta: unknown, body: Body): Body {
    const { replay } = this.#options;
    const { table } = readSampleWords(meta);
    const [keys, priorities] = readBody(body) as [unknown, unknown];
    const name = table ?? replay.tables[0] ?? "";
    return answerOf(replay.updatePriorities(name, readList(keys), readList(priorities)));
  }

  #delete(meta: unknown, body: Body): Body {
    const { replay } = this.#options;
    const { table, why } = readDeleteWords(meta);
    const [keys] = readBody(body);
    return answerOf(replay.delete(table ?? replay.tables[0] ?? "", readList(keys), why));
  }
}

function formOf(batch: SampleBatch): SampleAnswer {
  const { size, unroll, columns, scalars, draw } = batch;
  const { keys, weights, priorities, policyVersions, lengths } = draw;
  return {
    count: size,
    unroll,
    columns,
    scalars,
    keys,
    weights: weights.every((weight) => weight === 1) ? null : weights,
    priorities,
    versions: policyVersions,
    lengths: unroll === 1 ? null : lengths,
  };
}

/** Its lists may be views of the body: the buffer copies what it keeps. */
function readBody(body: Body): unknown[] {
  let value: unknown;
  if (body) decodeFrames(body, (decoded) => (value = decoded));
  if (Array.isArray(value)) return value as unknown[];
  throw brokenBody();
}

function brokenBody(): DingError {
  return new DingError("network.protocol", "Cannot read call of a worker: its body is no such");
}

function tooLarge(count: number, bytes: number): DingError {
  const limit = `${bytes} bytes or more, the limit is ${MESSAGE_BODY_LIMIT_BYTES}`;
  return new DingError("usage.invalid-input", `Cannot sample ${count} items: they take ${limit}`, {
    hint: "Sample fewer at once.",
  });
}

function answerOf(value: unknown): Body {
  return encodeBody(value, { what: "what was sampled", code: "usage.invalid-input" });
}
