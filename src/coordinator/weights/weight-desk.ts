import { DingError } from "../../core/errors.ts";
import { encodeBody } from "../../rpc/body.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import type { Weights } from "../plugin/worker-context.ts";
import type { LinkPort } from "../worker-link/worker-link.ts";
import { WeightIntake } from "./weight-intake.ts";
import type { WeightStore } from "./weight-store.ts";
import {
  FILE_BYTES,
  type GetWords,
  type NoticeWords,
  PIECE_BYTES,
  type PublishFileWords,
  type PublishWords,
  WEIGHT_EVENTS,
  WEIGHT_METHODS,
  WEIGHTS_LIMIT_BYTES,
  type WeightsHead,
} from "./weight-words.ts";

/** Whom a desk serves. */
export interface WeightDeskOptions {
  store: WeightStore;
  /** Of the worker's task. */
  policyId: string;
  /** May the worker publish? */
  isLearner: boolean;
  onPublished?: ((version: number) => void) | undefined;
  /** Weights have gone to the worker. */
  onSent?: ((version: number) => void) | undefined;
}

const METHODS: ReadonlySet<string> = new Set(Object.values(WEIGHT_METHODS));

/** The coordinator's end of one worker's weights: gives them, takes them from a learner, and tells of newer ones. */
export class WeightDesk implements Disposable {
  readonly #options: WeightDeskOptions;
  readonly #waits = new Set<Disposable>();
  #upload: { id: number; intake: WeightIntake } | undefined;
  #notices: Disposable | undefined;

  constructor(options: WeightDeskOptions) {
    this.#options = options;
  }

  /** From now on the worker hears of every version, first of the one that there is. */
  opened(port: LinkPort): void {
    const { store, policyId } = this.#options;
    const tell = (version: number): void => {
      const words: NoticeWords = { version, place: store.place };
      port.call(WEIGHT_METHODS.NOTICE, words, undefined, { reply() {}, fail() {} });
    };
    this.#notices?.[Symbol.dispose]();
    this.#notices = store.subscribe(policyId, tell);
    tell(store.newest(policyId));
  }

  /** Answers a call about weights; false where it is about something else. */
  answer(call: IncomingCall): boolean {
    if (!METHODS.has(call.method)) return false;
    if (call.method === WEIGHT_METHODS.GET) this.#get(call);
    else {
      const isFile = call.method === WEIGHT_METHODS.PUBLISH_FILE;
      const published = isFile ? this.#publishFile(call) : this.#publish(call);
      published.catch((thrown: unknown) => call.fail(DingError.from(thrown).toJSON()));
    }
    return true;
  }

  /** The worker is gone. */
  [Symbol.dispose](): void {
    this.#notices?.[Symbol.dispose]();
    this.#upload = undefined;
    for (const wait of this.#waits) wait[Symbol.dispose]();
    this.#waits.clear();
  }

  #get(call: IncomingCall): void {
    const { store } = this.#options;
    const { policyId: asked, version, newerThan, waits, byFile } = readGet(call.meta);
    const send = (found: Weights): void => this.#send(call, found, byFile);
    const policyId = asked ?? this.#options.policyId;
    if (version !== null) return send(store.at(policyId, version));
    const now = store.latest(policyId, newerThan);
    if (now) return send(now);
    if (!waits) return call.reply();
    const wait = store.subscribe(policyId, (newest) => {
      if (newest <= newerThan) return;
      end();
      send(store.at(policyId, newest));
    });
    const end = (): void => {
      wait[Symbol.dispose]();
      this.#waits.delete(wait);
    };
    this.#waits.add(wait);
    call.onCancel = () => {
      end();
      call.reply();
    };
  }

  #send(call: IncomingCall, weights: Weights, byFile: boolean): void {
    const { policyId, version, sha256, bytes } = weights;
    const isLarge = bytes.length >= FILE_BYTES;
    const file = byFile && isLarge ? this.#options.store.fileOf(policyId, version) : undefined;
    const head: WeightsHead = { policyId, version, sha256, bytes: bytes.length, file };
    call.event(WEIGHT_EVENTS.HEAD, bodyOf(head));
    for (let at = 0; file === undefined && at < bytes.length; at += PIECE_BYTES) {
      call.event(WEIGHT_EVENTS.PIECE, bytes.subarray(at, at + PIECE_BYTES));
    }
    call.reply(bodyOf(version));
    this.#options.onSent?.(version);
  }

  async #publishFile(call: IncomingCall): Promise<void> {
    const { store, policyId, onPublished } = this.#options;
    this.#refuseOthers();
    const version = await store.publishFile(policyId, readPublishFile(call.meta));
    onPublished?.(version);
    call.reply(bodyOf(version));
  }

  #refuseOthers(): void {
    if (this.#options.isLearner) return;
    throw new DingError("peer.refused", "Cannot publish weights: this worker does not learn");
  }

  /** Pieces come in order: a session keeps it. */
  async #publish(call: IncomingCall): Promise<void> {
    const { store, policyId, onPublished } = this.#options;
    this.#refuseOthers();
    const words = readPublish(call.meta);
    if (words.at === 0) this.#upload = { id: words.upload, intake: new WeightIntake(words.bytes) };
    const { id, intake } = this.#upload ?? {};
    const isNext = id === words.upload && intake?.filled === words.at;
    if (!intake || !isNext || !intake.add(call.body ?? new Uint8Array())) {
      throw new DingError(
        "network.protocol",
        "Cannot publish weights: a piece is out of its place",
      );
    }
    if (!intake.isWhole) return call.reply();
    this.#upload = undefined;
    const sha256 = intake.sha256();
    if (sha256 !== words.sha256) {
      throw new DingError("network.protocol", "Cannot publish weights: their sha256 is another");
    }
    const version = await store.publishOwn(policyId, { bytes: intake.bytes, sha256 });
    onPublished?.(version);
    call.reply(bodyOf(version));
  }
}

function bodyOf(value: unknown): Uint8Array {
  return encodeBody(value, { what: "weights", code: "internal.bug" });
}

function readGet(meta: unknown): GetWords {
  const { policyId = null, version = null, newerThan = 0, waits, byFile } = readObject(meta);
  if (policyId !== null && typeof policyId !== "string") throw fault("policyId");
  if (version !== null && typeof version !== "number") throw fault("version");
  if (typeof newerThan !== "number") throw fault("newerThan");
  return { policyId, version, newerThan, waits: waits === true, byFile: byFile === true };
}

function readPublishFile(meta: unknown): PublishFileWords {
  const { name, bytes, sha256 } = readObject(meta);
  if (typeof name !== "string") throw fault("name");
  if (typeof sha256 !== "string") throw fault("sha256");
  if (!isSize(bytes)) throw fault("bytes");
  return { name, bytes, sha256 };
}

function readPublish(meta: unknown): PublishWords {
  const { upload, bytes, sha256, at } = readObject(meta);
  if (typeof upload !== "number") throw fault("upload");
  if (sha256 !== undefined && typeof sha256 !== "string") throw fault("sha256");
  if (!isSize(bytes)) throw fault("bytes");
  if (!isSize(at)) throw fault("at");
  return { upload, bytes, sha256, at };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= WEIGHTS_LIMIT_BYTES;
}

function readObject(meta: unknown): Record<string, unknown> {
  if (typeof meta === "object" && meta !== null) return meta as Record<string, unknown>;
  throw fault("meta");
}

function fault(name: string): DingError {
  return new DingError("network.protocol", `Cannot read call of a worker: its ${name} is no such`);
}
