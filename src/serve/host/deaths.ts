import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

/** Whose workers die, and where that is told. */
interface Mortal {
  readonly name: string;
  readonly log: Logger;
}

/** Its worker died as often as may be: the operator hears of it as of anything at which the model fails. */
export function toldDeath({ name, log }: Mortal, last: DingError, deaths: number): DingError {
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
