import { readFile } from "node:fs/promises";
import { defineUnit } from "ding";

/** A job: a file whose programming language is asked for. */
interface Job {
  path: string;
}

interface Answer {
  language: string | null;
}

/** Where results go. */
const RESULTS = process.env["RESULTS_URL"] ?? "http://127.0.0.1:8700/results";

/**
 * Reads a file, asks the remote server in which language it is written, and pushes the result. Whatever fails is tried
 * again later; the receiver knows a result that comes twice by its key.
 */
export default defineUnit({
  async work({ path }: Job, { client, job, signal, log }) {
    const text = await readFile(path, "utf8");
    const { language } = await client.encode<Answer>(text, { signal });
    const answer = await fetch(RESULTS, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": job.key ?? job.id },
      body: JSON.stringify({ path, language }),
      signal,
    });
    if (!answer.ok) throw new Error(`The receiver answered ${answer.status}`);
    log.debug("done", { path, language });
  },
});
