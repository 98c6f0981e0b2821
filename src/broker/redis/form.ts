import { DingError } from "../../core/errors.ts";

/** How jobs lie in Redis: each push notes it. 1, which noted nothing, had an entry for each job, and other takings. */
export const FORM = 2;

/** What a queue's `meta` says of it. */
export const FORM_FIELDS = ["len", "form"] as const;

/** Throws `queue.broken` if jobs of another form are there, which these scripts could not read. */
export function checkForm(queue: string, [length, form]: readonly (string | null)[]): void {
  if (Number(length ?? 0) === 0 || Number(form ?? 1) === FORM) return;
  const message = `Cannot open queue "${queue}": its jobs have form ${form ?? 1}, this ding reads ${FORM}`;
  throw new DingError("queue.broken", message, {
    hint: "Drain it with the ding that filled it, or name another queue.",
  });
}
