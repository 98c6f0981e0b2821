/** Has its remote server answer each job, and notes the answer in the file that the job names. */
import { appendFileSync } from "node:fs";
import { defineUnit } from "ding";

interface Asked {
  to: string;
  n: number;
  /** Ends the process. */
  kill?: boolean;
}

// oxlint-disable-next-line import/no-default-export -- a plugin is the default of its module
export default defineUnit({
  async work({ to, n, kill }: Asked, { client, job, unit, signal }) {
    if (kill === true) process.kill(process.pid, "SIGKILL");
    const answer = await client.encode({ echo: n }, { signal, requestId: job.id });
    const { attempt, key } = job;
    const line = { what: "done", n, answer, unit, attempt, key, atMs: Date.now() };
    appendFileSync(to, `${JSON.stringify(line)}\n`);
  },
});
