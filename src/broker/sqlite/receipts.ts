import { FreshJob, type FreshFacts } from "../fresh-job.ts";
import type { Lease } from "../job.ts";

/** Which job of which taking. */
export interface TakingReceipt {
  token: number;
  /** The number of its first job. */
  first: number;
  place: number;
}

/** What a receipt says: the job's number, and the fence of its own lease. */
export interface Receipt {
  seq: number;
  /** Those of a taking have it when that is broken up. */
  fence: number;
  /** With which others it was taken, unless it was taken alone. */
  taking: TakingReceipt | undefined;
}

/** Of a job that is taken for the first time. */
export const FIRST_FENCE = 1;

/** A job of a taking. A copy of it is as good, but for the time of reading its receipt. */
export class TakenJob extends FreshJob {
  readonly #receipt: Receipt;

  constructor(facts: FreshFacts, seq: number, taking: TakingReceipt) {
    super(facts, `${seq}:${taking.first}:${taking.token}:${taking.place}`);
    this.#receipt = { seq, fence: FIRST_FENCE, taking };
  }

  static receiptOf(lease: Lease): Receipt | undefined {
    return #receipt in lease ? lease.#receipt : undefined;
  }
}

/** SEQ:FENCE, or SEQ:FIRST:TOKEN:PLACE of a taking. What is none of ours finds no job. */
export function receiptOf(lease: Lease): Receipt {
  const known = TakenJob.receiptOf(lease);
  if (known) return known;
  const [seq = -1, second = -1, token, place = -1] = lease.receipt.split(":", 4).map(whole);
  if (token === undefined) return { seq, fence: second, taking: undefined };
  return { seq, fence: FIRST_FENCE, taking: { token, first: second, place } };
}

function whole(text: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : -1;
}
