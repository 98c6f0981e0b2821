/** Does what its jobs say, and notes each in the file that they name. */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { defineUnit, GiveUp } from "ding";

interface Asked {
  /** Where it is noted. */
  to: string;
  n: number;
  /** How long it takes; to the end, whatever the signal says. */
  ms?: number;
  /** How long it does not give the turn back. */
  spinMs?: number;
  /** What is thrown at each try up to this one. */
  failUntil?: number;
  giveUp?: boolean;
  /** Ends the process. */
  kill?: boolean;
  /** Ends when the signal aborts. */
  untilAborted?: boolean;
}

// oxlint-disable-next-line import/no-default-export -- a plugin is the default of its module
export default defineUnit({
  async work(asked: Asked, { job, signal, unit }) {
    const note = (what: string): void => {
      const line = { what, n: asked.n, unit, pid: process.pid, attempt: job.attempt, key: job.key };
      appendFileSync(asked.to, `${JSON.stringify(line)}\n`);
    };
    note("begin");
    if (asked.kill === true) process.kill(process.pid, "SIGKILL");
    if (asked.giveUp === true) throw new GiveUp("it is hopeless");
    if (job.attempt <= (asked.failUntil ?? 0)) throw new Error(`failed at try ${job.attempt}`);
    if (asked.untilAborted === true) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      note("aborted");
      return;
    }
    const spinUntil = performance.now() + (asked.spinMs ?? 0);
    while (performance.now() < spinUntil) Math.random();
    if (asked.ms !== undefined) await setTimeout(asked.ms);
    note("done");
  },
});
