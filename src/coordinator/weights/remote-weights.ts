import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { Body } from "../../rpc/message.ts";
import type { WeightPublisher, WeightQuery, Weights } from "../plugin/worker-context.ts";
import { ask } from "../replay-link/ask.ts";
import type { LinkPort } from "../worker-link/worker-link.ts";
import { sha256Of } from "./sha256.ts";
import { folderNameOf, incomingName, readBytes } from "./weight-files.ts";
import { WeightIntake } from "./weight-intake.ts";
import {
  FILE_BYTES,
  type GetWords,
  type NoticeWords,
  PIECE_BYTES,
  type PublishFileWords,
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
  /** Where the store's files lie, if they can be seen from here. */
  #disk: string | undefined;
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
    const { version, place } = (call.meta ?? {}) as Partial<NoticeWords>;
    if (!this.#isTold && place && existsSync(join(place.root, place.probe))) {
      this.#disk = place.root;
    }
    this.#isTold = true;
    this.#hear(version);
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
    const words = { policyId, version, newerThan: 0, waits: false, byFile: true };
    const weights = await this.#get(words, this.#options.signal);
    if (weights) return weights;
    throw new DingError("http.not-found", `Cannot find version ${version} of "${policyId}"`);
  }

  async publish(bytes: Uint8Array): Promise<number> {
    const isByFile = this.#disk !== undefined && bytes.length >= FILE_BYTES;
    // Now, whatever the caller does with its bytes next.
    const written = isByFile ? this.#write(bytes) : undefined;
    const copy = written ? undefined : bytes.slice();
    // One after the other: pieces of two would mix.
    const version = this.#publishing.then(() =>
      written ? this.#publishFile(written) : this.#publish(copy ?? bytes),
    );
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
    return await this.#get({ policyId, version: null, newerThan, waits, byFile: true }, signal);
  }

  async #get(words: GetWords, signal: AbortSignal): Promise<Weights | undefined> {
    const { port } = this.#options;
    const meta = { ...words, byFile: words.byFile && this.#disk !== undefined };
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
    if (!head) throw otherWeights();
    const { policyId, version, sha256, file } = head;
    let bytes = file === undefined ? undefined : await this.#read(head);
    if (file === undefined) {
      if (!intake?.isWhole || intake.sha256() !== sha256) throw otherWeights();
      ({ bytes } = intake);
    }
    // It was let go of meanwhile, or cannot be read from here.
    if (!bytes) return await this.#get({ ...words, byFile: false }, signal);
    const weights: Weights = { policyId, version, sha256, bytes };
    if (policyId === this.#options.policyId) {
      this.#hear(version);
      if (version > (this.#held?.version ?? 0)) this.#held = weights;
    }
    return weights;
  }

  /** The bytes of a file of the store; undefined when they are not there, or others. */
  async #read({ file = "", sha256 }: WeightsHead): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readBytes(join(this.#disk ?? "", file));
      return sha256Of(bytes) === sha256 ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /** Puts bytes where the store finds them; undefined where that cannot be. */
  #write(bytes: Uint8Array): PublishFileWords | undefined {
    const name = incomingName();
    try {
      const folder = join(this.#disk ?? "", folderNameOf(this.#options.policyId));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), bytes, { flag: "wx", mode: 0o600 });
      return { name, bytes: bytes.length, sha256: sha256Of(bytes) };
    } catch {
      this.#disk = undefined;
      return undefined;
    }
  }

  async #publishFile(words: PublishFileWords): Promise<number> {
    const { port, signal } = this.#options;
    const answer = await ask(port, { method: WEIGHT_METHODS.PUBLISH_FILE, meta: words, signal });
    return this.#published(answer);
  }

  #published(answer: Body): number {
    if (!answer) {
      throw new DingError("network.protocol", "Cannot publish weights: no version came back");
    }
    const version = msgpack.decode(answer) as number;
    this.#hear(version);
    this.#acting = Math.max(this.#acting, version);
    return version;
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
    const version = this.#published((await Promise.all(answers)).at(-1));
    if (sha256 !== undefined && version > (this.#held?.version ?? 0)) {
      this.#held = { policyId, version, sha256, bytes };
    }
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

function otherWeights(): DingError {
  return new DingError("network.protocol", "Cannot use weights: they are not what was published");
}
