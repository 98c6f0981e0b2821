import { DingError, messageOf } from "../../core/errors.ts";
import { abortable } from "../../core/wait.ts";
import { msgpack } from "../../protocol/codec.ts";
import type {
  EpisodeOptions,
  Inserted,
  InsertOptions,
  Steps,
} from "../../replay/replay-options.ts";
import { encodeBody } from "../../rpc/body.ts";
import type { Body } from "../../rpc/message.ts";
import type {
  DeleteQuery,
  ReplayReader,
  ReplayWriter,
  SampleQuery,
} from "../plugin/worker-context.ts";
import type { LinkPort } from "../worker-link/worker-link.ts";
import { ask } from "./ask.ts";
import { RemoteBatch } from "./remote-batch.ts";
import { type InsertAnswer, REPLAY_METHODS, type SampleAnswer } from "./replay-words.ts";

/** Where a worker's end stands. */
export interface RemoteReplayOptions {
  port: LinkPort;
  /** Ends every wait, when the task ends. */
  signal: AbortSignal;
  /** The version of the weights that the worker acts with: what inserts say that name none. */
  actingVersion: () => number;
  /** Resolves when weights of this version, or newer ones, are here. */
  holdUntil: (version: number, signal: AbortSignal) => Promise<void>;
}

/** Inserts under way at once; more wait here, in order. */
const MOST_INSERTS = 8;
/** Batches asked for ahead, at most. */
const MOST_AHEAD = 32;

/** A worker's end of its task's buffer: what it inserts and samples goes over the link, in batches. */
export class RemoteReplay implements ReplayWriter, ReplayReader {
  readonly #options: RemoteReplayOptions;
  /** Batches that were asked for and not taken yet, the oldest first. */
  readonly #ahead = new Map<string, Promise<RemoteBatch>[]>();
  readonly #waiting: (() => void)[] = [];
  #inserts = 0;

  constructor(options: RemoteReplayOptions) {
    this.#options = options;
  }

  async insert(steps: Steps, options: InsertOptions = {}): Promise<Inserted> {
    return await this.#insert(REPLAY_METHODS.INSERT, steps, options);
  }

  async insertEpisode(steps: Steps, options: EpisodeOptions = {}): Promise<Inserted> {
    return await this.#insert(REPLAY_METHODS.INSERT_EPISODE, steps, options);
  }

  async sample(count: number, query: SampleQuery = {}): Promise<RemoteBatch> {
    const { table = null, prefetch = 0, policyVersion = null, signal } = query;
    const key = JSON.stringify([table, count]);
    const line = this.#ahead.get(key) ?? [];
    this.#ahead.set(key, line);
    const wanted = 1 + Math.min(Math.max(0, Math.floor(prefetch) || 0), MOST_AHEAD);
    while (line.length < wanted) line.push(this.#ask({ table, count, policyVersion }));
    const first = line.shift() as Promise<RemoteBatch>;
    try {
      return await abortable(first, signal);
    } catch (thrown) {
      // Who does not want to wait longer loses nothing: the next one gets it.
      if (signal?.aborted && !this.#options.signal.aborted) line.unshift(first);
      throw thrown;
    } finally {
      if (line.length === 0) this.#ahead.delete(key);
    }
  }

  async updatePriorities(
    keys: ArrayLike<number>,
    priorities: ArrayLike<number>,
    table?: string,
  ): Promise<number> {
    const { port, signal } = this.#options;
    const body = bodyOf([keys, priorities], `${keys.length} priorities`);
    const meta = { table: table ?? null };
    const answer = await ask(port, { method: REPLAY_METHODS.PRIORITIES, meta, body, signal });
    return readAnswer(answer) as number;
  }

  async delete(keys: ArrayLike<number>, query: DeleteQuery = {}): Promise<number> {
    const { port, signal } = this.#options;
    const { table = null, why = "deleted" } = query;
    const body = bodyOf([keys], `${keys.length} keys`);
    const meta = { table, why };
    return readAnswer(
      await ask(port, { method: REPLAY_METHODS.DELETE, meta, body, signal }),
    ) as number;
  }

  async #insert(method: string, steps: Steps, options: EpisodeOptions): Promise<Inserted> {
    const { port, actingVersion, holdUntil } = this.#options;
    const { priority = null, signal: asked, ...words } = options;
    const signal = asked ? AbortSignal.any([asked, this.#options.signal]) : this.#options.signal;
    const meta = { ...words, policyVersion: words.policyVersion ?? actingVersion() };
    // Now, not when its turn comes: whoever inserts may fill its arrays anew.
    const body = bodyOf([steps, priority], "steps");
    await this.#takeTurn(signal);
    try {
      const answer = readAnswer(await ask(port, { method, meta, body, signal })) as InsertAnswer;
      const { accepted, dropped, pauseUntil } = answer;
      if (pauseUntil !== undefined) await holdUntil(pauseUntil, signal);
      return { accepted, dropped };
    } finally {
      this.#inserts--;
      this.#waiting.shift()?.();
    }
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    while (this.#inserts >= MOST_INSERTS) {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn.resolve);
      try {
        await abortable(turn.promise, signal);
      } catch (thrown) {
        const at = this.#waiting.indexOf(turn.resolve);
        if (at === -1) this.#waiting.shift()?.(); // it was its turn just now
        else this.#waiting.splice(at, 1);
        throw thrown;
      }
    }
    signal.throwIfAborted();
    this.#inserts++;
  }

  #ask(meta: object): Promise<RemoteBatch> {
    const { port, signal } = this.#options;
    const batch = ask(port, { method: REPLAY_METHODS.SAMPLE, meta, signal }).then((body) => {
      return new RemoteBatch(readAnswer(body) as SampleAnswer);
    });
    batch.catch(() => {}); // whoever takes it hears of it
    return batch;
  }
}

function bodyOf(value: unknown, what: string): Uint8Array {
  try {
    return encodeBody(value, { what, code: "usage.invalid-input" });
  } catch (cause) {
    throw new DingError("usage.invalid-input", messageOf(cause), {
      hint: "Use plain values and typed arrays, and fewer at once where they take too many bytes.",
      cause,
    });
  }
}

function readAnswer(body: Body): unknown {
  if (body) return msgpack.decode(body);
  throw new DingError("wait.timeout", "Cannot sample now: the table drops what it cannot serve");
}
