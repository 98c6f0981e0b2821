import { createHash } from "node:crypto";
import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { Body } from "../../rpc/message.ts";
import type { WeightPublisher, WeightQuery, Weights } from "../plugin/worker-context.ts";
import { ask } from "../replay-link/ask.ts";
import type { LinkPort } from "../worker-link/worker-link.ts";
import { WeightIntake } from "./weight-intake.ts";
import {
  type GetWords,
  PIECE_BYTES,
  WEIGHT_EVENTS,
  WEIGHT_METHODS,
  type WeightsHead,
} from "./weight-words.ts";

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
    const { port } = this.#options;
    let head: WeightsHead | undefined;
    let intake: WeightIntake | undefined;
    const event = (body: Body, name: string): void => {
      if (name === WEIGHT_EVENTS.HEAD && body) {
        head = msgpack.decode(body) as WeightsHead;
        intake = new WeightIntake(head.bytes);
      } else if (body) intake?.add(body);
    };
    const answer = await ask(port, { method: WEIGHT_METHODS.GET, meta, signal, event });
    if (!answer) return undefined;
    if (!head || !intake?.isWhole || intake.sha256() !== head.sha256) {
      throw new DingError(
        "network.protocol",
        "Cannot use weights: they are not what was published",
      );
    }
    const { policyId, version, sha256 } = head;
    const weights: Weights = { policyId, version, sha256, bytes: intake.bytes };
    if (policyId === this.#options.policyId) {
      this.#hear(version);
      if (version > (this.#held?.version ?? 0)) this.#held = weights;
    }
    return weights;
  }

  async #publish(bytes: Uint8Array): Promise<number> {
    const { port, signal, policyId } = this.#options;
    const hash = createHash("sha256");
    const upload = ++this.#uploads;
    const answers: Promise<Body>[] = [];
    let sha256: string | undefined;
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE_BYTES) {
      const body = bytes.subarray(at, at + PIECE_BYTES);
      hash.update(body);
      if (at + body.length === bytes.length) sha256 = hash.digest("hex");
      const meta = { upload, bytes: bytes.length, at, sha256 };
      const answer = ask(port, { method: WEIGHT_METHODS.PUBLISH, meta, body, signal });
      answer.catch(() => {}); // all are awaited below
      answers.push(answer);
      await Promise.resolve(); // a piece is on its way while the next one is summed up
    }
    const answer = (await Promise.all(answers)).at(-1);
    if (!answer || sha256 === undefined) {
      throw new DingError("network.protocol", "Cannot publish weights: no version came back");
    }
    const version = msgpack.decode(answer) as number;
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
