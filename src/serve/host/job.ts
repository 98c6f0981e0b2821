import type { DingError } from "../../core/errors.ts";
import type { BatchEntry, Piece } from "../batching/piece.ts";
import { Ending } from "../ending.ts";
import type { InferEnd, InferRequest, Payload } from "../inference.ts";
import { mergeRows, payloadBytes, rowsOf } from "../rows.ts";

/** Where the answer to a piece was made. */
export interface Run {
  /** When the batch was handed over. */
  readonly at: number;
  readonly computeMs: number;
  readonly batchRows: number;
  readonly worker: string;
}

interface Part {
  from: number;
  payload: Payload;
}

/** One request on its way through the queue and the workers; it ends once, and then is told of. */
export class Job implements BatchEntry<Job> {
  readonly rows: number;
  readonly client: string;
  readonly priority: number;
  readonly deadline: number;
  readonly value: Job = this;
  readonly request: InferRequest;
  readonly arrivedMs: number;
  /** Of the batch that its last piece went in. */
  batchRows: number | undefined;
  worker: string | undefined;
  outBytes = 0;
  /** Has a worker had a part of it? */
  hasBegun = false;
  #firstRunAt: number | undefined;
  #computeMs = 0;
  #rowsLeft: number;
  #parts: Part[] | undefined;
  /** How many workers have died at an item. */
  #deaths: Map<number, number> | undefined;
  #end: InferEnd | undefined;
  readonly #ending = new Ending<InferEnd>();

  constructor(request: InferRequest, now: number) {
    this.request = request;
    this.rows = rowsOf(request.payload);
    this.client = request.client;
    this.priority = request.priority ?? 0;
    this.arrivedMs = now;
    this.deadline = request.timeoutMs ? now + request.timeoutMs : Infinity;
    this.#rowsLeft = this.rows;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Calls back when it is told how it ended, at once if it was told already. */
  hear(listener: (end: InferEnd) => void): void {
    this.#ending.hear(listener);
  }

  /** Tells how it ended; once, after `fail()` or the last of `answered()`. */
  tell(): void {
    if (this.#end) this.#ending.end(this.#end);
  }

  get queueMs(): number {
    return (this.#firstRunAt ?? this.arrivedMs) - this.arrivedMs;
  }

  get computeMs(): number {
    return this.#computeMs;
  }

  /** A worker has died at an item of it; gives how many have at that one. */
  died({ from }: Pick<Piece<Job>, "from">): number {
    this.#deaths ??= new Map();
    const deaths = (this.#deaths.get(from) ?? 0) + 1;
    this.#deaths.set(from, deaths);
    return deaths;
  }

  /** The answer to some of its items; true when it was the last. Throws task.invalid-result when its parts do not fit together. */
  answered(piece: Piece<Job>, payload: Payload, run: Run): boolean {
    if (this.#end) return false;
    this.#firstRunAt ??= run.at;
    if (run.computeMs > this.#computeMs) this.#computeMs = run.computeMs;
    this.batchRows = run.batchRows;
    this.worker = run.worker;
    this.outBytes += payloadBytes(payload);
    this.#rowsLeft -= piece.rows;
    if (piece.rows === this.rows) return this.#answer(payload);
    this.#parts ??= [];
    this.#parts.push({ from: piece.from, payload });
    if (this.#rowsLeft > 0) return false;
    this.#parts.sort((a, b) => a.from - b.from);
    return this.#answer(mergeRows(this.#parts.map((part) => part.payload)));
  }

  /** Ends it with an error; what still runs of it is for nobody. False when it had ended. */
  fail(error: DingError): boolean {
    if (this.#end) return false;
    this.#end = { error };
    return true;
  }

  #answer(payload: Payload): boolean {
    const { queueMs, computeMs } = this;
    this.#end = { inference: { payload, queueMs, computeMs } };
    return true;
  }
}
