import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Piece } from "../batching/piece.ts";
import type { Job } from "./job.ts";
import { itemError } from "./refusals.ts";

/** Whose workers die, and where that is told. */
interface Mortal {
  readonly name: string;
  readonly log: Logger;
}

/** What becomes of those who were with a worker that died. */
interface AfterDeath {
  /** These run again, each alone. */
  readonly again: Piece<Job>[];
  readonly ended: readonly { piece: Piece<Job>; why: DingError }[];
}

/**
 * A worker died or was too late: whoever was with it is tried again, each item alone, also those of one list, so that
 * only the one that kills goes on dying. One that was alone when its time was up has had its time. Undefined when it
 * failed for something else.
 */
export function afterDeath(
  batch: readonly Piece<Job>[],
  error: DingError,
  { retries, ...mortal }: Mortal & { readonly retries: number },
): AfterDeath | undefined {
  const isLate = error.code === "task.timed-out";
  if (!isLate && error.code !== "worker.exited") return undefined;
  const items = batch.flatMap(itemsOf).filter(({ entry }) => !entry.value.isEnded);
  const isTogether = batch.length > 1 || (batch[0]?.rows ?? 1) > 1;
  const again: Piece<Job>[] = [];
  const ended = [];
  for (const piece of items) {
    const deaths = piece.entry.value.died(piece);
    if (isTogether || deaths <= (isLate ? 0 : retries)) again.push(piece);
    else ended.push({ piece, why: itemError(toldDeath(mortal, error, deaths).toJSON(), piece) });
  }
  return { again, ended };
}

function itemsOf(piece: Piece<Job>): Piece<Job>[] {
  return Array.from({ length: piece.rows }, (_, item) => ({
    ...piece,
    from: piece.from + item,
    rows: 1,
  }));
}

/** Its worker died as often as may be: the operator hears of it as of anything at which the model fails. */
function toldDeath({ name, log }: Mortal, last: DingError, deaths: number): DingError {
  const error = deathError(last, deaths);
  log.error(`model "${name}" failed: ${error.message}`, { model: name });
  return error;
}

/** A worker is killed for being late: nothing else says why it is gone. */
export function tellIfLate({ name, log }: Mortal, error: DingError, worker: string): void {
  if (error.code !== "task.timed-out") return;
  const what = `${inWordsOfBatches(error)}: worker ${worker} is replaced`;
  log.warn(`model "${name}": ${what}`, { model: name, worker });
}

/** What the client hears of it. */
function deathError(last: DingError, deaths: number): DingError {
  const details = { ...last.details, deaths };
  if (last.code === "task.timed-out") {
    return new DingError("task.timed-out", inWordsOfBatches(last), {
      hint: "Raise --predict-timeout-ms if the model may take so long.",
      details,
    });
  }
  const times = deaths === 1 ? "" : `, ${deaths} times in a row`;
  return new DingError("worker.exited", `${last.message} while it had this item${times}`, {
    hint: "The item may be what ends it: look at the worker's last lines in the log.",
    details,
  });
}

/** A pool knows tasks. */
function inWordsOfBatches({ message }: DingError): string {
  return message.replace("The task", "The batch");
}
