/** Has its remote server answer each job, and notes the answer in the file that the job names. */
import { appendFileSync } from "node:fs";
import { defineUnit } from "ding";

interface Asked {
  to: string;
  n: number;
}

// oxlint-disable-next-line import/no-default-export -- a plugin is the default of its module
export default defineUnit({
  async work({ to, n }: Asked, { client, job, unit, signal }) {
    const answer = await client.encode({ n }, { signal, requestId: job.id });
    const line = { what: "done", n, answer, unit, attempt: job.attempt, key: job.key };
    appendFileSync(to, `${JSON.stringify(line)}\n`);
  },
});
