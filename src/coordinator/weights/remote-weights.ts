import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { Body } from "../../rpc/message.ts";
import type { WeightPublisher, WeightQuery, Weights } from "../plugin/worker-context.ts";
import { ask } from "../replay-link/ask.ts";
import type { LinkPort } from "../worker-link/worker-link.ts";
import { sha256Of } from "./sha256.ts";
import { type GetWords, PIECE_BYTES, WEIGHT_METHODS, type WeightsHead } from "./weight-words.ts";

/** Where a worker's end stands. */
export interface RemoteWeightsOptions {
  port: LinkPort;
  /** Of the worker's task. */
  policyId: string;
  /** Ends every wait, when the task ends. */
  signal: AbortSignal;
}

/** A worker's end of the weights: hears of new versions, fetches what is newer than what it has, checks it. */
export class RemoteWeights implements WeightPublisher {
  readonly #options: RemoteWeightsOptions;
  #newest = 0;
  #isTold = false;
  #acting = 0;
  /** The newest that was fetched of the task's own policy. */
  #held: Weights | undefined;
  #uploads = 0;
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(options: RemoteWeightsOptions) {
    this.#options = options;
  }

  get newest(): number {
    return this.#newest;
  }

  /** The version of the task's policy that was last given out here: what the worker acts with. */
  get acting(): number {
    return this.#acting;
  }

  /** Answers a notice of the coordinator; false where it is something else. */
  answer(call: IncomingCall): boolean {
    if (call.method !== WEIGHT_METHODS.NOTICE) return false;
    this.#isTold = true;
    this.#hear((call.meta as { version?: unknown } | null)?.version);
    call.reply();
    return true;
  }

  async latest(query: WeightQuery = {}): Promise<Weights | undefined> {
    return this.#give(await this.#find(query, false));
  }

  async next(query: WeightQuery = {}): Promise<Weights> {
    const weights = await this.#find(query, true);
    if (weights) return this.#give(weights);
    throw new DingError("service.stopping", "Cannot wait for weights: the coordinator lets go");
  }

  async at(policyId: string, version: number): Promise<Weights> {
    if (this.#held?.policyId === policyId && this.#held.version === version) return this.#held;
    const words = { policyId, version, newerThan: 0, waits: false };
    const weights = await this.#get(words, this.#options.signal);
    if (weights) return weights;
    throw new DingError("http.not-found", `Cannot find version ${version} of "${policyId}"`);
  }

  async publish(bytes: Uint8Array): Promise<number> {
    // One after the other: pieces of two would mix.
    const copy = bytes.slice();
    const version = this.#publishing.then(() => this.#publish(copy));
    this.#publishing = version.catch(() => {});
    return await version;
  }

  /** Fetches ahead what is newer than what the worker acts with; resolves when this version, or a newer one, is here. */
  async holdUntil(version: number, signal: AbortSignal): Promise<void> {
    if ((this.#held?.version ?? 0) >= version) return;
    await this.#find({ newerThan: version - 1, signal }, true);
  }

  async #find(query: WeightQuery, waits: boolean): Promise<Weights | undefined> {
    const { policyId = this.#options.policyId, newerThan = 0, signal: asked } = query;
    const { signal: own } = this.#options;
    const signal = asked ? AbortSignal.any([asked, own]) : own;
    if (policyId === this.#options.policyId && this.#isTold) {
      const held = this.#held;
      if (held && held.version === this.#newest && held.version > newerThan) return held;
      if (!waits && this.#newest <= newerThan) return undefined;
    }
    return await this.#get({ policyId, version: null, newerThan, waits }, signal);
  }

  async #get(meta: GetWords, signal: AbortSignal): Promise<Weights | undefined> {
    const { port, policyId } = this.#options;
    const pieces: Uint8Array[] = [];
    const event = (body: Body): void => void (body && pieces.push(body));
    const answer = await ask(port, { method: WEIGHT_METHODS.GET, meta, signal, event });
    if (!answer) return undefined;
    const { version, sha256, bytes: total, ...head } = msgpack.decode(answer) as WeightsHead;
    const bytes = joined(pieces, total);
    if (sha256Of(bytes) !== sha256) {
      throw new DingError("network.protocol", "Cannot use weights: their sha256 is another");
    }
    const weights: Weights = { policyId: head.policyId, version, sha256, bytes };
    if (head.policyId === policyId) {
      this.#hear(version);
      if (version > (this.#held?.version ?? 0)) this.#held = weights;
    }
    return weights;
  }

  async #publish(bytes: Uint8Array): Promise<number> {
    const { port, signal, policyId } = this.#options;
    const sha256 = sha256Of(bytes);
    const upload = ++this.#uploads;
    let answer: Body;
    const answers: Promise<Body>[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE_BYTES) {
      const body = bytes.subarray(at, at + PIECE_BYTES);
      const meta = { upload, bytes: bytes.length, sha256, at };
      answers.push(ask(port, { method: WEIGHT_METHODS.PUBLISH, meta, body, signal }));
    }
    for (const piece of await Promise.all(answers)) answer = piece;
    const version = answer ? (msgpack.decode(answer) as number) : 0;
    this.#hear(version);
    if (version > (this.#held?.version ?? 0)) this.#held = { policyId, version, sha256, bytes };
    this.#acting = Math.max(this.#acting, version);
    return version;
  }

  /** Versions never go back. */
  #hear(version: unknown): void {
    if (typeof version === "number" && version > this.#newest) this.#newest = version;
  }

  #give<T extends Weights | undefined>(weights: T): T {
    if (weights?.policyId === this.#options.policyId) {
      this.#acting = Math.max(this.#acting, weights.version);
    }
    return weights;
  }
}

/** The pieces in memory of their own: they may be views of frames. */
function joined(pieces: readonly Uint8Array[], total: number): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length !== total) {
    throw new DingError("network.protocol", `Cannot use weights: ${length} of ${total} bytes came`);
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
