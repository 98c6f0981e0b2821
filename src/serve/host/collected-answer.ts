import type { Body } from "../../rpc/message.ts";
import { decodeAnswer, type BatchAnswer, type BatchResult } from "../batch-frame.ts";
import type { SharedMemory } from "../shared-memory.ts";

const EMPTY = new Uint8Array();

/** The answer to one batch: it comes in parts where no message would hold all of it. */
export class CollectedAnswer {
  readonly #memory: SharedMemory | undefined;
  #before: readonly BatchResult[] | undefined;

  constructor(memory: SharedMemory | undefined) {
    this.#memory = memory;
  }

  /** A part that others follow. */
  add(body: Uint8Array): void {
    this.#before = [...(this.#before ?? []), ...decodeAnswer(body, this.#memory).results];
  }

  /** All of it, with the last part. */
  end(body: Body): BatchAnswer {
    const last = decodeAnswer(body ?? EMPTY, this.#memory);
    return this.#before ? { ...last, results: [...this.#before, ...last.results] } : last;
  }
}
