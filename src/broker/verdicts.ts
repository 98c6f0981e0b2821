/** Thrown by work: nobody shall try this job again; it goes to the dead-letter list with this reason. */
export class GiveUp extends Error {
  override readonly name = "GiveUp";
}

/** Thrown by work: the job was not tried; it is ready again, and this attempt does not count. */
export class NotTried extends Error {
  override readonly name = "NotTried";
}

/** What became of a job that a subscription had; "lost" if nobody could be told, or its lease had ended. */
export type Fate = "done" | "retried" | "dead" | "released" | "lost";
